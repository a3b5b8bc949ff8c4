// Front-channel logout in a real browser: the page tells the applications in
// frames and goes on. Foyer and the application near are at localhost, far is on
// another site, slow never answers, gone refuses connections.
import { after, before, describe, test } from 'node:test'
import assert from 'node:assert/strict'
import { startApps } from './lib/apps.mjs'
import { violations } from './lib/axe.mjs'
import { at, authorize, back, launch, open, signIn } from './lib/browser.mjs'
import { startFoyer } from './lib/foyer.mjs'
import { freePort } from './lib/process.mjs'
import { people, tenantFor } from './lib/tenant.mjs'

describe('front-channel logout', () => {
  let foyer, apps, browser
  const told = [] // { client, params, cookie }
  let blocked = [] // answers that slow owes
  before(async () => {
    apps = await startApps()
    const origins = { near: `http://localhost:${apps.port}`, far: apps.origin, slow: apps.origin, gone: `http://localhost:${await freePort()}` }
    const tenant = tenantFor(apps.origin)
    for (const [client_id, origin] of Object.entries(origins)) {
      tenant.clients.push({
        client_id, client_name: `Northwind ${client_id}`, token_endpoint_auth_method: 'none', grant_types: ['authorization_code'],
        redirect_uris: [`${apps.origin}/${client_id}/callback`, `${origin}/${client_id}/cb`], post_logout_redirect_uris: [`${apps.origin}/${client_id}/`],
        frontchannel_logout_uri: `${origin}/${client_id}/frontchannel?own=1`, frontchannel_logout_session_required: client_id !== 'far',
      })
      apps.serve(`/${client_id}/frontchannel`, (response, sent) => {
        told.push({ client: client_id, params: Object.fromEntries(new URLSearchParams(sent)), cookie: response.req.headers.cookie ?? '' })
        if (client_id === 'slow') return blocked.push(response)
        response.writeHead(200, { 'content-type': 'text/html', 'set-cookie': 'app=; Max-Age=0; Path=/' }).end('<!doctype html><title>bye</title>')
      })
    }
    apps.serve('/cookie', (response) => response.writeHead(200, { 'content-type': 'text/html', 'set-cookie': 'app=in; Path=/; SameSite=Lax' }).end('<!doctype html><title>in</title>'))
    foyer = await startFoyer(tenant)
    browser = await launch()
  })
  after(async () => {
    for (const response of blocked) response.end()
    await browser?.close()
    await foyer?.stop()
    await apps?.stop()
  })

  // arrive signs in and takes part in the clients' session.
  const arrive = async (page, ...clients) => {
    told.length = 0
    for (const [i, client] of clients.entries()) {
      await page.goto(authorize(foyer, apps, client))
      if (i === 0) await signIn(page, people.ada)
      await back(page, apps, client)
    }
  }
  const end = (params) => `${foyer.issuer}/endsession?${new URLSearchParams(params)}`
  const home = (client) => `${apps.origin}/${client}/`
  const outcomes = (page) => page.locator('#applications li').evaluateAll((items) => Object.fromEntries(items.map((item) => [item.querySelector('bdi').textContent.split(' ')[1], item.querySelector('.outcome').innerText])))

  test('all are told, with iss and sid where they ask; then the page goes on by itself', async (t) => {
    const page = await open(t, browser)
    await page.goto(`http://localhost:${apps.port}/cookie`)
    await page.goto(`${apps.origin}/cookie`)
    await arrive(page, 'web', 'gone', 'near', 'far')
    await page.goto(end({ client_id: 'web', post_logout_redirect_uri: home('web'), state: 'ä ☃' }))
    await page.waitForURL(`${home('web')}?*`)
    assert.deepEqual(at(page), [home('web'), { state: 'ä ☃', logout: 'success' }])
    assert.deepEqual(told.map(({ client }) => client).sort(), ['far', 'near'])
    const { near, far } = Object.fromEntries(told.map((one) => [one.client, one]))
    assert.equal(near.params.iss, foyer.issuer)
    assert.match(near.params.sid, /^[\w-]{22}$/)
    assert.equal(near.params.own, '1')
    assert.deepEqual(far.params, { own: '1' })
    assert.match(near.cookie, /app=in/, 'on the same site the application recognizes its person')
    assert.equal(far.cookie, '', 'on another site it does not: what the warning is about')
    await page.goBack()
    assert.equal(new URL(page.url()).pathname, '/far/callback', 'the page is not in the history')
  })

  test('one that does not answer: after three seconds it goes on', async (t) => {
    const page = await open(t, browser, { tolerant: true })
    await arrive(page, 'web', 'near', 'slow')
    const start = Date.now()
    const arrived = page.waitForURL(`${home('web')}?*`, { timeout: 10_000 })
    await page.goto(end({ client_id: 'web', post_logout_redirect_uri: home('web') }), { waitUntil: 'commit' })
    await page.waitForFunction(() => document.querySelectorAll('.outcome[data-state=told]').length === 1)
    assert.deepEqual(await outcomes(page), { near: 'Told', slow: 'Telling it…' })
    await arrived
    const took = Date.now() - start
    assert.ok(took > 2900 && took < 6000, `${took} ms`)
  })

  test('without an address to return to: the page stays and says what came of it', async (t) => {
    const page = await open(t, browser, { tolerant: true })
    await arrive(page, 'web', 'near', 'slow')
    await page.goto(`${foyer.issuer}/`)
    await page.locator('#sign-out').click()
    await page.locator('#logout-confirm').click({ noWaitAfter: true })
    await page.waitForFunction(() => document.querySelectorAll('.outcome[data-state=unsure]').length === 1)
    assert.deepEqual(await outcomes(page), { near: 'Told', slow: 'Not sure' })
    assert.equal(await page.locator('#unsure').isVisible(), true)
    assert.equal(await page.locator('#applications-lead').innerText(), 'We told your applications:')
    for (const response of blocked.splice(0)) response.end() // later: it was told after all
    await page.waitForFunction(() => document.querySelectorAll('.outcome[data-state=told]').length === 2)
    assert.equal(await page.locator('#unsure').isVisible(), false)
    // A reload sends no form again and is no error; nor is the way back.
    await page.reload({ waitUntil: 'commit' })
    await page.waitForFunction(() => document.querySelectorAll('.outcome[data-state=told]').length === 1)
    await page.goto(`${apps.origin}/elsewhere`)
    await page.goBack({ waitUntil: 'commit' })
    await page.locator('#signed-out').waitFor()
    for (const response of blocked.splice(0)) response.end()
  })

  test('frames that have loaded before the script runs count', async (t) => {
    const page = await open(t, browser, { tolerant: true })
    await arrive(page, 'web', 'near', 'slow')
    let loaded
    const near = new Promise((resolve) => { loaded = resolve })
    page.on('requestfinished', (request) => { if (request.url().includes('/near/frontchannel')) loaded() })
    await page.route('**/assets/foyer.*.js', async (route) => {
      await near
      await route.continue()
    })
    await page.goto(end({ client_id: 'web' }), { waitUntil: 'commit' })
    await page.locator('#logout-confirm').click({ noWaitAfter: true })
    await page.waitForFunction(() => document.querySelectorAll('.outcome[data-state=unsure]').length === 1)
    assert.deepEqual(await outcomes(page), { near: 'Told', slow: 'Not sure' })
    for (const response of blocked.splice(0)) response.end()
  })

  test('without script the link is visible, focused, and the way on', async (t) => {
    const page = await open(t, browser, { javaScriptEnabled: false })
    await arrive(page, 'web', 'near', 'far')
    await page.goto(end({ client_id: 'web', post_logout_redirect_uri: home('web'), state: 's' }))
    assert.equal(await page.locator('#applications li').count(), 2)
    assert.deepEqual(told.map(({ client }) => client).sort(), ['far', 'near'], 'the frames load all the same')
    assert.equal(await page.locator('#return:focus').count(), 1)
    await page.keyboard.press('Enter')
    await page.waitForURL(`${home('web')}?*`)
    assert.deepEqual(at(page), [home('web'), { state: 's', logout: 'success' }])
    await page.goBack() // nobody is told twice, and nothing is asked
    await page.waitForURL(`${home('web')}?*`)
  })

  test('the question leads there too, and coming back to it is no dead end', async (t) => {
    for (const javaScriptEnabled of [true, false]) {
      const page = await open(t, browser, { javaScriptEnabled })
      await arrive(page, 'web', 'near')
      await page.goto(end({ client_id: 'shop', post_logout_redirect_uri: home('shop'), state: 'q' }))
      await page.locator('#logout-everywhere').click({ noWaitAfter: true })
      if (!javaScriptEnabled) {
        await page.locator('#signed-out').waitFor()
        await page.locator('#return').click()
      }
      await page.waitForURL(`${home('shop')}?*`)
      assert.deepEqual(at(page), [home('shop'), { state: 'q', logout: 'success' }])
      assert.equal(told[0].client, 'near')
      await page.goBack()
      if (!javaScriptEnabled) {
        assert.equal(await page.locator('#signed-out').count(), 1, 'the page again, not the form')
        await page.goBack()
      }
      // The question, as the browser kept it, or where it leads without a session.
      if (await page.locator('#logout-confirm').count()) await page.locator('#logout-confirm').click({ noWaitAfter: true })
      await page.waitForURL(`${home('shop')}?*`)
      assert.deepEqual(at(page), [home('shop'), { state: 'q', logout: 'success' }])
    }
  })

  test('axe has nothing to say, whatever came of it', async (t) => {
    // look examines the page in its sizes and colours; SHOTS keeps pictures.
    const look = async (page, what) => {
      for (const viewport of [{ width: 320, height: 640 }, { width: 390, height: 844 }, { width: 1280, height: 800 }]) {
        await page.setViewportSize(viewport)
        assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0)
        for (const colorScheme of ['light', 'dark']) {
          await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
          if (process.env.SHOTS) await page.screenshot({ path: `${process.env.SHOTS}/${what}-${viewport.width}-${colorScheme}.png`, fullPage: true })
          assert.deepEqual(await violations(page), [], `${what}, ${viewport.width}, ${colorScheme}`)
        }
      }
    }
    for (const locale of ['en', 'fr', 'ar']) {
      const page = await open(t, browser, { tolerant: true })
      await arrive(page, 'web', 'near', 'slow')
      await page.goto(end({ client_id: 'web', ui_locales: locale }))
      await page.locator('#logout-confirm').click({ noWaitAfter: true })
      await page.waitForFunction(() => document.querySelectorAll('.outcome[data-state=unsure]').length === 1)
      await look(page, `stays-${locale}`)
      for (const response of blocked.splice(0)) response.end()
    }
    for (const locale of ['en', 'ar']) { // as it stands without its script, on its way
      const page = await open(t, browser)
      await page.route('**/assets/*.js', (route) => route.abort())
      await arrive(page, 'web', 'near', 'far')
      await page.goto(end({ client_id: 'shop', post_logout_redirect_uri: home('shop'), ui_locales: locale }))
      await page.locator('#logout-everywhere').click()
      await page.locator('#signed-out').waitFor()
      await look(page, `goes-on-${locale}`)
    }
  })
})
