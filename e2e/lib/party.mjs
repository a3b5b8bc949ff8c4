// A relying party on the applications' server: openid-client, sessions of its
// own, and the receiver that docs/clients/backchannel.md shows. Its home page
// asks Foyer nothing, and hears of the end of its session by EventSource.
import { cp, symlink } from 'node:fs/promises'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import * as openid from 'openid-client'
import { temporary } from './process.mjs'
import { secret } from './tenant.mjs'

const from = (path) => fileURLToPath(new URL(path, import.meta.url))

// receiver is examples/backchannel.mjs with the tests' own packages.
async function receiver(options) {
  const dir = temporary()
  await symlink(from('../node_modules'), join(dir, 'node_modules'))
  await cp(from('../../examples/backchannel.mjs'), join(dir, 'backchannel.mjs'))
  return (await import(join(dir, 'backchannel.mjs'))).receiver(options)
}

export const party = (origin, client_id) => ({
  client_id, client_name: `Northwind ${client_id}`, client_secret: secret,
  redirect_uris: [`${origin}/${client_id}/callback`], backchannel_logout_uri: `${origin}/${client_id}/backchannel`,
  scope: 'openid profile email',
})

// startParty serves the client's pages and returns {home, config, ended}: ended
// are the sids that it was told of.
export async function startParty(foyer, apps, client) {
  const base = `${apps.origin}/${client}/`
  const config = await openid.discovery(new URL(foyer.issuer), client, secret, openid.ClientSecretBasic(secret), { execute: [openid.allowInsecureRequests] })
  const sessions = new Map()
  const listening = new Set() // { sid, response }
  const ended = []
  const mine = (response) => sessions.get(response.req.headers.cookie?.match(new RegExp(`(?:^|; )${client}=([\\w-]+)`))?.[1])
  const html = (response, text) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store' }).end(`<!doctype html><title>${client}</title>${text}`)

  apps.serve(`/${client}/`, (response) => {
    const session = mine(response)
    if (!session?.claims) return html(response, '<a id="login" href="login">Sign in</a>')
    html(response, `<p id="who">${session.claims.email}</p><script>
      new EventSource('events').onmessage = ({ data }) => { if (data === 'over') document.querySelector('#who').outerHTML = '<p id="over">You are signed out.</p>' }
    </script>`)
  })
  apps.serve(`/${client}/login`, async (response) => {
    const [id, verifier, state, nonce] = [randomUUID(), openid.randomPKCECodeVerifier(), openid.randomState(), openid.randomNonce()]
    sessions.set(id, { verifier, state, nonce })
    const to = openid.buildAuthorizationUrl(config, {
      redirect_uri: base + 'callback', scope: 'openid profile email', state, nonce,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
    })
    response.writeHead(303, { location: to.href, 'set-cookie': `${client}=${id}; HttpOnly; SameSite=Lax; Path=/${client}/` }).end()
  })
  apps.serve(`/${client}/callback`, async (response, sent) => {
    const session = mine(response)
    const tokens = await openid.authorizationCodeGrant(config, new URL(`${base}callback?${sent}`), {
      pkceCodeVerifier: session.verifier, expectedState: session.state, expectedNonce: session.nonce, idTokenExpected: true,
    })
    const { email } = await openid.fetchUserInfo(config, tokens.access_token, tokens.claims().sub)
    session.claims = { ...tokens.claims(), email }
    response.writeHead(303, { location: base }).end()
  })
  apps.serve(`/${client}/events`, (response) => {
    const sid = mine(response)?.claims?.sid
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    response.write(`data: ${sid && !ended.includes(sid) ? 'listening' : 'over'}\n\n`)
    const one = { sid, response }
    listening.add(one)
    response.on('close', () => listening.delete(one))
  })
  const { issuer, jwks_uri } = config.serverMetadata()
  const backchannel = await receiver({
    issuer, jwksUri: jwks_uri, clientId: client,
    ended(sid) {
      ended.push(sid)
      for (const [id, session] of sessions) if (session.claims?.sid === sid) sessions.delete(id)
      for (const one of listening) if (one.sid === sid) one.response.write('data: over\n\n')
    },
  })
  apps.serve(`/${client}/backchannel`, (response, sent) => backchannel(Readable.from([sent]), response))
  return { home: base, config, ended }
}
