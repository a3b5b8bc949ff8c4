// Session management in a real browser, with a real library: a page of an
// application notices that the person has signed out elsewhere. Foyer is at
// localhost; so is the application near, and far is on another site.
import { after, before, describe, test } from 'node:test'
import assert from 'node:assert/strict'
import { startApps } from './lib/apps.mjs'
import { authorize, fill, launch, open, signIn } from './lib/browser.mjs'
import { startFoyer } from './lib/foyer.mjs'
import { people, tenantFor } from './lib/tenant.mjs'

// monitor is an application's page with oidc-client-ts, which tells what it is
// told in `heard`.
const monitor = (issuer, client) => `
  <script src="/oidc-client-ts.js"></script><pre id="who"></pre>
  <script type="module">
    window.heard = []
    const home = location.origin + '/${client}/'
    const manager = new oidc.UserManager({
      authority: ${JSON.stringify(issuer)}, client_id: '${client}', redirect_uri: home + 'callback', post_logout_redirect_uri: home,
      scope: 'openid', monitorSession: true, checkSessionIntervalInSeconds: 1, silent_redirect_uri: home + 'callback', automaticSilentRenew: false,
    })
    for (const name of ['UserSignedOut', 'UserSignedIn', 'UserSessionChanged', 'UserLoaded']) manager.events['add' + name]((user) => heard.push(name))
    oidc.Log.setLogger({ error: (...a) => heard.push(a.join(' ')), warn() {}, info() {}, debug(...a) { console.debug(...a) } })
    oidc.Log.setLevel(oidc.Log.DEBUG)
    addEventListener('message', ({ origin, data }) => { if (origin === ${JSON.stringify(issuer)}) (window.answers ??= []).push(data) })
    if (window.top !== window) await manager.signinSilentCallback()
    else if (location.search.includes('code=')) {
      await manager.signinCallback()
      history.replaceState({}, '', home)
    }
    const user = await manager.getUser()
    document.querySelector('#who').textContent = user ? user.profile.sub : 'nobody'
    window.signIn = () => manager.signinRedirect()
  </script>`

describe('the session iframe', () => {
  let foyer, apps, browser
  const origin = { near: undefined, far: undefined }
  before(async () => {
    apps = await startApps()
    Object.assign(origin, { near: `http://localhost:${apps.port}`, far: apps.origin })
    const tenant = tenantFor(apps.origin)
    for (const [client_id, at] of Object.entries(origin)) {
      tenant.clients.push({ client_id, token_endpoint_auth_method: 'none', redirect_uris: [`${at}/${client_id}/callback`], post_logout_redirect_uris: [`${at}/${client_id}/`], grant_types: ['authorization_code'] })
    }
    foyer = await startFoyer(tenant)
    for (const client of Object.keys(origin)) {
      for (const path of ['', 'callback']) apps.serve(`/${client}/${path}`, monitor(foyer.issuer, client))
    }
    browser = await launch()
  })
  after(async () => {
    await browser?.close()
    await foyer?.stop()
    await apps?.stop()
  })

  // arrive signs in at an application and waits for its page's first answer.
  const arrive = async (page, client, person = people.ada) => {
    await page.goto(`${origin[client]}/${client}/`)
    await page.waitForFunction(() => window.signIn)
    await page.evaluate(() => { window.signIn() })
    await signIn(page, person)
    await page.waitForURL(`${origin[client]}/${client}/`)
    await page.waitForFunction(() => window.answers?.length > 0)
  }
  const answers = (page) => page.evaluate(() => window.answers)
  const next = (page, answer) => page.waitForFunction((answer) => window.answers.at(-1) === answer, answer)

  test('oidc-client-ts on the same site: unchanged, then signed out in another tab', async (t) => {
    const page = await open(t, browser)
    await arrive(page, 'near')
    assert.deepEqual([...new Set(await answers(page))], ['unchanged'])

    const other = await page.context().newPage()
    await other.goto(authorize(foyer, apps, 'web', { prompt: 'login' })) // the same person, again
    await other.locator('#login-password').fill(people.ada.password)
    await other.locator('#login-submit').click()
    await other.waitForURL(`${apps.origin}/web/callback?*`)
    const before = (await answers(page)).length
    await page.waitForFunction((n) => window.answers.length > n + 1, before)
    assert.deepEqual([...new Set(await answers(page))], ['unchanged'], 'the same sid')

    await other.goto(`${foyer.issuer}/`)
    await other.locator('#sign-out').click()
    await other.locator('#logout-confirm').click()
    await other.locator('#signed-out').waitFor()
    await page.waitForFunction(() => window.heard.includes('UserSignedOut'))
    assert.equal((await answers(page)).at(-1), 'changed')
  })

  test('another account signs in in this browser: changed', async (t) => {
    const page = await open(t, browser)
    await arrive(page, 'near')
    const other = await page.context().newPage()
    await other.goto(authorize(foyer, apps, 'web', { prompt: 'select_account' }))
    await other.locator('#choose-other').click()
    await fill(other, people.bob)
    await other.locator('#login-submit').click()
    await other.waitForURL(`${apps.origin}/web/callback?*`)
    await next(page, 'changed')
    await page.waitForFunction(() => window.heard.includes('UserSignedOut'))
  })

  test('on another site the cookie is withheld: error, never changed', async (t) => {
    const page = await open(t, browser)
    await arrive(page, 'far')
    await page.waitForFunction(() => window.answers.length > 0)
    assert.deepEqual([...new Set(await answers(page))], ['error'])
    assert.equal(await page.evaluate(() => window.heard.includes('UserSignedOut')), false)
  })

  // framed opens a page of ours with the iframe in it; say posts to it and
  // returns what comes back within a while.
  const framed = async (t, at, path) => {
    const page = await open(t, browser, { tolerant: true })
    const asked = []
    page.on('request', (request) => { if (request.url().includes('session_state=')) asked.push(request.url()) })
    apps.serve(path, `<iframe id=op src="${foyer.issuer}/checksession"></iframe><script>
      window.got = []; addEventListener('message', (e) => got.push([e.origin, e.data]))
      window.say = (data) => op.contentWindow.postMessage(data, '*')</script>`)
    await page.goto(at + path)
    return { page, asked }
  }

  test('LO12: format errors say error, objects and strangers get nothing, the rate is bounded', async (t) => {
    const { page, asked } = await framed(t, origin.near, '/frame')
    for (const bad of ['', 'one', 'one two three', 'near ' + 'x'.repeat(300), ' near x', 'ne\u0000ar x']) await page.evaluate((bad) => window.say(bad), bad)
    await page.waitForFunction(() => window.got.length === 6)
    assert.deepEqual(await page.evaluate(() => window.got), Array(6).fill([foyer.issuer, 'error']))
    assert.equal(asked.length, 0, 'the server is not asked about those')

    await page.evaluate(() => { window.got.length = 0; for (const x of [{ a: 1 }, 7, null, undefined, ['near x']]) window.say(x) })
    await page.evaluate(() => { for (let i = 0; i < 500; i++) window.say('near state.' + (i % 2 ? 'a' : i)) }) // a flood
    await page.waitForFunction(() => window.got.length >= 2)
    const start = Date.now()
    for (let i = 0; i < 20; i++) {
      await page.evaluate(() => { for (let i = 0; i < 50; i++) window.say('near state.' + Math.random()) })
      await page.evaluate(() => new Promise(requestAnimationFrame))
    }
    await page.waitForFunction((n) => window.got.length > n, await page.evaluate(() => window.got.length))
    const seconds = (Date.now() - start) / 1000
    assert.ok(asked.length <= seconds + 3, `${asked.length} requests in ${seconds} s`)
    assert.ok((await page.evaluate(() => window.got)).every(([from, data]) => from === foyer.issuer && data === 'error'), 'nobody has signed in here')
  })

  test('LO12: a page that is not the client\'s gets no answer, one of nobody\'s cannot even frame it', async (t) => {
    const { page, asked } = await framed(t, origin.near, '/frame')
    await page.evaluate(() => window.say('far state.salt')) // registered elsewhere
    await page.evaluate(() => window.say('nobody state.salt'))
    while (asked.length < 2) await page.waitForRequest(/session_state=/)
    await page.evaluate(() => window.say('malformed')) // answered: what was sent before it was not
    await page.waitForFunction(() => window.got.length > 0)
    assert.deepEqual(await page.evaluate(() => window.got), [[foyer.issuer, 'error']])

    const stranger = await open(t, browser, { tolerant: true })
    const refused = stranger.waitForEvent('console', (message) => message.text().includes('frame-ancestors'))
    await stranger.goto(`http://third.test:${apps.port}/frame`)
    await refused

    // A stranger's frame inside a registered page is not the page.
    apps.serve('/inner', '<script>window.got = []; addEventListener("message", (e) => got.push(e.data)); for (const m of ["malformed", "near state.salt", "far state.salt"]) parent.frames[0].postMessage(m, "*")</script>')
    apps.serve('/outer', `<iframe src="${foyer.issuer}/checksession" onload="setTimeout(() => inner.src = 'http://third.test:${apps.port}/inner')"></iframe><iframe id=inner></iframe>`)
    const outer = await open(t, browser, { tolerant: true })
    const answered = outer.waitForRequest(/third\.test.*inner/)
    await outer.goto(`${origin.near}/outer`)
    await answered
    const inner = outer.frames().find((frame) => frame.url().endsWith('/inner')) ?? await outer.waitForEvent('framenavigated', (frame) => frame.url().endsWith('/inner'))
    await inner.waitForFunction(() => window.got)
    // What the page itself asks afterwards has its answer: the others had their turn.
    await outer.evaluate(() => { window.got = []; addEventListener('message', (e) => window.got.push(e.data)); window.frames[0].postMessage('near state.salt', '*') })
    await outer.waitForFunction(() => window.got.includes('error'))
    assert.deepEqual(await inner.evaluate(() => window.got), [])
  })
})
