// Package throttle owns the limits on what may be tried: passwords and codes,
// registrations, client secrets, mails.
//
// The flow:
//
//  1. A caller names what an attempt is charged to: the account's canonical
//     identifier, the network, the tenant ([Limiter.Attempt]), or any [Budget]
//     ([Limiter.Take]).
//  2. A key that was found exhausted within the last second is refused from
//     memory.
//  3. Otherwise one store transition reads every tally, decides and charges,
//     before any password is hashed; if one key is exhausted none is charged.
//  4. The caller does the work. When it was right, the ticket's keys are given
//     back: with the transition that follows, or by [Limiter.Refund].
//  5. [Store.SweepThrottle] removes tallies that have run out.
//
// A limit of n in a window w means that no stretch of time as long as w, on any
// number of nodes, holds more than n charges. GCRA, one number a key, admits
// nearly twice as many; that is why a tally keeps times.
//
// It refuses to know who exists, what was guessed, and whether it was right.
package throttle
