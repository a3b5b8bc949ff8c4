// Client libraries as their authors publish them: each signs in, refreshes, reads
// userinfo and signs out, on both databases.
import { after, before, describe, test } from 'node:test'
import assert from 'node:assert/strict'
import * as oauth from 'oauth4webapi'
import * as openid from 'openid-client'
import { startApps } from './lib/apps.mjs'
import { at, back, launch, open, signIn } from './lib/browser.mjs'
import { startFoyer } from './lib/foyer.mjs'
import { people, secret, tenantFor } from './lib/tenant.mjs'

const scope = 'openid profile email offline_access'

for (const database of ['sqlite', 'postgres']) {
  describe(`libraries on ${database}`, () => {
    let foyer, apps, browser
    before(async () => {
      apps = await startApps()
      foyer = await startFoyer(tenantFor(apps.origin), database)
      browser = await launch()
    })
    after(async () => {
      await browser?.close()
      await foyer?.stop()
      await apps?.stop()
    })

    test('openid-client', async (t) => {
      const config = await openid.discovery(new URL(foyer.issuer), 'web', secret, openid.ClientSecretBasic(secret), { execute: [openid.allowInsecureRequests] })
      const verifier = openid.randomPKCECodeVerifier()
      const [state, nonce] = [openid.randomState(), openid.randomNonce()]
      const page = await open(t, browser)
      await page.goto(openid.buildAuthorizationUrl(config, {
        redirect_uri: `${apps.origin}/web/callback`, scope, state, nonce,
        code_challenge: await openid.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
      }).href)
      await signIn(page, people.ada)
      await back(page, apps, 'web')
      const tokens = await openid.authorizationCodeGrant(config, new URL(page.url()), { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true })
      const { sub, sid } = tokens.claims()
      const info = await openid.fetchUserInfo(config, tokens.access_token, sub)
      assert.deepEqual([info.email, info.email_verified, info.given_name], ['ada@example.com', true, 'Ada'])

      const fresh = await openid.refreshTokenGrant(config, tokens.refresh_token)
      assert.equal(fresh.claims().sub, sub)
      assert.equal((await openid.fetchUserInfo(config, fresh.access_token, sub)).sub, sub)
      assert.equal((await openid.tokenIntrospection(config, fresh.access_token)).active, true)

      await page.goto(openid.buildEndSessionUrl(config, { id_token_hint: fresh.id_token, post_logout_redirect_uri: `${apps.origin}/web/`, state: 'bye' }).href)
      assert.deepEqual(at(page), [`${apps.origin}/web/`, { state: 'bye', logout: 'success' }])
      assert.ok(sid)
      await openid.tokenRevocation(config, fresh.refresh_token ?? tokens.refresh_token)
      await assert.rejects(openid.refreshTokenGrant(config, tokens.refresh_token), { error: 'invalid_grant' })
    })

    test('openid-client without offline_access: logout ends the tokens', async (t) => {
      const config = await openid.discovery(new URL(foyer.issuer), 'web', secret, openid.ClientSecretBasic(secret), { execute: [openid.allowInsecureRequests] })
      const page = await open(t, browser)
      await page.goto(openid.buildAuthorizationUrl(config, { redirect_uri: `${apps.origin}/web/callback`, scope: 'openid email', state: 's' }).href)
      await signIn(page, people.bob)
      await back(page, apps, 'web')
      const tokens = await openid.authorizationCodeGrant(config, new URL(page.url()), { expectedState: 's' })
      assert.equal((await openid.tokenIntrospection(config, tokens.access_token)).active, true)
      await page.goto(openid.buildEndSessionUrl(config, { id_token_hint: tokens.id_token, post_logout_redirect_uri: `${apps.origin}/web/` }).href)
      assert.deepEqual(at(page), [`${apps.origin}/web/`, { logout: 'success' }])
      assert.equal((await openid.tokenIntrospection(config, tokens.access_token)).active, false)
      await assert.rejects(openid.fetchUserInfo(config, tokens.access_token, openid.skipSubjectCheck))
      if (tokens.refresh_token) await assert.rejects(openid.refreshTokenGrant(config, tokens.refresh_token), { error: 'invalid_grant' })
    })

    test('oauth4webapi', async (t) => {
      const insecure = { [oauth.allowInsecureRequests]: true }
      const issuer = new URL(foyer.issuer)
      const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, insecure))
      const oauth2 = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...insecure }))
      assert.equal(oauth2.token_endpoint, server.token_endpoint)
      const client = { client_id: 'spa' }
      const none = oauth.None()
      const verifier = oauth.generateRandomCodeVerifier()
      const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()]
      const redirect = `${apps.origin}/spa/callback`
      const url = new URL(server.authorization_endpoint)
      url.search = new URLSearchParams({
        client_id: 'spa', redirect_uri: redirect, response_type: 'code', scope, state, nonce, max_age: '600',
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256',
      })
      const page = await open(t, browser)
      await page.goto(url.href)
      await signIn(page, people.ada)
      await back(page, apps, 'spa')
      const params = oauth.validateAuthResponse(server, client, new URL(page.url()), state)
      const tokens = await oauth.processAuthorizationCodeResponse(server, client,
        await oauth.authorizationCodeGrantRequest(server, client, none, params, redirect, verifier, insecure),
        { expectedNonce: nonce, maxAge: 600, requireIdToken: true })
      const { sub } = oauth.getValidatedIdTokenClaims(tokens)
      const info = await oauth.processUserInfoResponse(server, client, sub, await oauth.userInfoRequest(server, client, tokens.access_token, insecure))
      assert.equal(info.family_name, 'Lovelace')

      const fresh = await oauth.processRefreshTokenResponse(server, client, await oauth.refreshTokenGrantRequest(server, client, none, tokens.refresh_token, insecure))
      assert.notEqual(fresh.refresh_token, tokens.refresh_token, 'public clients rotate')
      const again = await oauth.processRefreshTokenResponse(server, client, await oauth.refreshTokenGrantRequest(server, client, none, tokens.refresh_token, insecure))
      assert.equal(again.refresh_token, fresh.refresh_token, 'a retry inside the grace window has the same successor')
      await oauth.processRevocationResponse(await oauth.revocationRequest(server, client, none, fresh.refresh_token, insecure))

      const end = new URL(server.end_session_endpoint)
      end.search = new URLSearchParams({ client_id: 'spa', id_token_hint: tokens.id_token, post_logout_redirect_uri: `${apps.origin}/spa/`, state: 'bye' })
      await page.goto(end.href)
      assert.deepEqual(at(page), [`${apps.origin}/spa/`, { state: 'bye', logout: 'success' }])
    })

    test('oidc-client-ts in the browser', async (t) => {
      const page = await open(t, browser)
      apps.serve('/page/callback', '<h1>app</h1><script src="/oidc-client-ts.js"></script>')
      const settings = {
        authority: foyer.issuer, client_id: 'page', redirect_uri: `${apps.origin}/page/callback`, post_logout_redirect_uri: `${apps.origin}/page/`,
        scope, loadUserInfo: true, automaticSilentRenew: false, monitorSession: false,
      }
      const manager = async () => {
        await page.evaluate((s) => { globalThis.manager = new oidc.UserManager({ ...s, userStore: new oidc.WebStorageStateStore({ store: sessionStorage }) }) }, settings)
      }
      await page.goto(`${apps.origin}/page/callback`)
      await manager()
      await page.evaluate(() => void globalThis.manager.signinRedirect({ state: { cart: 7 } }))
      await signIn(page, people.ada)
      await page.waitForURL((url) => url.pathname === '/page/callback' && url.searchParams.has('code'))
      await manager()
      const user = await page.evaluate(async () => {
        const user = await globalThis.manager.signinCallback()
        history.replaceState({}, '', location.pathname) // as applications do
        return { email: user.profile.email, name: user.profile.given_name, cart: user.state.cart, token: user.access_token }
      })
      assert.deepEqual([user.email, user.name, user.cart], ['ada@example.com', 'Ada', 7])
      const renewed = await page.evaluate(async () => (await globalThis.manager.signinSilent()).access_token)
      assert.notEqual(renewed, user.token)

      await page.evaluate(() => void globalThis.manager.signinRedirect())
      await page.waitForURL((url) => url.pathname === '/page/callback' && url.searchParams.has('code')) // single sign-on
      await manager()
      await page.evaluate(() => globalThis.manager.signinCallback())
      await page.evaluate(() => void globalThis.manager.signoutRedirect({ state: 'bye' }))
      await page.waitForURL(`${apps.origin}/page/?*`)
      assert.equal(new URL(page.url()).searchParams.get('logout'), 'success')
      assert.ok(new URL(page.url()).searchParams.get('state'))
    })
  })
}
