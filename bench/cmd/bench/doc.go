// Command bench measures Foyer beside the floor, a program that does only what
// any provider has to do, and says where a target of the performance
// specification is missed. It exits 1 then.
//
// Both servers are the real programs, built as releases are, on one core; this
// program makes the load on another. The figure is CPU a operation, read from
// the process clock; floor and Foyer take turns in each run, and the median of
// the runs is quoted. Run it with -h for what else it can do.
package main
