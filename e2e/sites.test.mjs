// What Chromium lets other sites do: Foyer is at localhost, the applications at
// 127.0.0.1 and third.test, which are other sites.
import { describe, test } from 'node:test'
import assert from 'node:assert/strict'
import { at, authorize, back, challenge, open, signIn } from './lib/browser.mjs'
import { people } from './lib/tenant.mjs'
import { world } from './lib/world.mjs'

const hidden = (fields) => Object.entries(fields).map(([name, value]) => `<input type=hidden name="${name}" value="${value}">`).join('')
const form = (action, fields) => `<form method=post action="${action}">${hidden(fields)}<button id=go>go</button></form>`

describe('other sites', () => {
  const w = world()
  const arrive = async (page, client = 'web', person = people.ada) => {
    await page.goto(authorize(w.foyer, w.apps, client))
    await signIn(page, person)
    return back(page, w.apps, client)
  }
  const alive = async (page) => {
    const home = await page.context().newPage()
    await home.goto(`${w.foyer.issuer}/`)
    const signedIn = await home.locator('#sign-out').count()
    await home.close()
    return signedIn === 1
  }

  // onTo is an application that sends what it got on to a third origin.
  const onTo = (path) => (response, sent) => response.writeHead(303, { location: `http://third.test:${w.apps.port}${path}?${sent}` }).end()

  test('a callback that redirects on to a third origin (form-action)', async (t) => {
    w.apps.serve('/hop/callback', onTo('/hop/landing'))
    w.apps.serve('/hop/', onTo('/hop/bye'))
    for (const javaScriptEnabled of [true, false]) {
      const page = await open(t, w.browser, { javaScriptEnabled })
      await page.goto(authorize(w.foyer, w.apps, 'hop', { state: 'far' }))
      await signIn(page, people.ada)
      await page.waitForURL(`http://third.test:${w.apps.port}/hop/landing?*`)
      assert.equal(at(page)[1].state, 'far')
      // and the sign-out question, whose form ends there as well
      await page.goto(`${w.foyer.issuer}/endsession?${new URLSearchParams({ client_id: 'hop', post_logout_redirect_uri: `${w.apps.origin}/hop/`, state: 'out', logout_hint: 'x' })}`)
      await page.locator('#logout-confirm').click()
      await page.waitForURL(`http://third.test:${w.apps.port}/hop/bye?*`)
      assert.deepEqual(at(page)[1], { state: 'out', logout: 'success' })
    }
  })

  test('cancel, form_post and consent end at an application that redirects on', async (t) => {
    w.apps.serve('/partner/callback', onTo('/partner/landing'))
    const landing = `http://third.test:${w.apps.port}/partner/landing?*`
    const page = await open(t, w.browser)
    await page.goto(authorize(w.foyer, w.apps, 'partner', { state: 'c' }))
    await page.locator('#cancel').click()
    await page.waitForURL(landing)
    assert.equal(at(page)[1].error, 'access_denied')
    await page.goto(authorize(w.foyer, w.apps, 'partner', { state: 'f', response_mode: 'form_post' }))
    await signIn(page, people.bob)
    await page.locator('#consent-allow').click()
    await page.waitForURL(/state=f/)
    assert.equal(at(page)[0], `http://third.test:${w.apps.port}/partner/landing`)
  })

  test('a cross-site POST to /authorize and to /endsession works as a GET does', async (t) => {
    const page = await open(t, w.browser)
    await arrive(page)
    const request = { client_id: 'web', response_type: 'code', scope: 'openid', redirect_uri: `${w.apps.origin}/web/callback`, code_challenge: challenge, code_challenge_method: 'S256', state: 'posted' }
    w.apps.serve('/post', form(`${w.foyer.issuer}/authorize`, request))
    await page.goto(`${w.apps.origin}/post`)
    await page.locator('#go').click()
    assert.equal((await back(page, w.apps, 'web')).state, 'posted', 'the session was seen: no question')

    w.apps.serve('/post', form(`${w.foyer.issuer}/endsession`, { client_id: 'web', post_logout_redirect_uri: `${w.apps.origin}/web/`, state: 'snö ☃' }))
    await page.goto(`${w.apps.origin}/post`)
    await page.locator('#go').click()
    await page.waitForURL(`${w.apps.origin}/web/?*`)
    assert.deepEqual(at(page)[1], { state: 'snö ☃', logout: 'success' })
    assert.equal(await alive(page), false)
    await page.goto(`${w.apps.origin}/post`) // twice
    await page.locator('#go').click()
    await page.waitForURL(`${w.apps.origin}/web/?*`)
    assert.deepEqual(at(page)[1], { state: 'snö ☃', logout: 'success' })
  })

  test('a POST to /authorize without a session asks to sign in', async (t) => {
    const page = await open(t, w.browser)
    w.apps.serve('/post', form(`${w.foyer.issuer}/authorize`, { client_id: 'web', response_type: 'code', scope: 'openid', redirect_uri: `${w.apps.origin}/web/callback`, state: 'p', ui_locales: 'fr' }))
    await page.goto(`${w.apps.origin}/post`)
    await page.locator('#go').click()
    await page.locator('#login-identifier').waitFor()
    assert.equal(await page.locator('html').getAttribute('lang'), 'fr')
    await signIn(page, people.ada)
    assert.equal((await back(page, w.apps, 'web')).state, 'p')
  })

  test('HD1: a cross-site POST to a screen is refused: login, sign-out, consent, register', async (t) => {
    const page = await open(t, w.browser)
    const before = await open(t, w.browser)
    for (const [path, fields] of [
      ['/login', { identifier: people.bob.email, password: people.bob.password }],
      ['/register', { email: 'mallory@example.com', password: 'put there by somebody else', given_name: 'M', family_name: 'M' }],
    ]) {
      w.apps.serve('/attack', form(w.foyer.issuer + path, fields))
      await before.goto(`${w.apps.origin}/attack`)
      const [response] = await Promise.all([before.waitForResponse(w.foyer.issuer + path), before.locator('#go').click()])
      assert.equal(response.status(), 403, path)
      assert.equal(await alive(before), false, 'nobody is signed in')
    }
    await arrive(page)
    for (const path of ['/signout', '/login', '/consent', '/choose']) {
      w.apps.serve('/attack', form(w.foyer.issuer + path, { scope: 'everywhere', identifier: people.bob.email, password: people.bob.password, action: 'allow' }))
      await page.goto(`${w.apps.origin}/attack`)
      const [response] = await Promise.all([page.waitForResponse(w.foyer.issuer + path), page.locator('#go').click()])
      assert.equal(response.status(), 403, path)
    }
    // The same from a document without an origin, whose posts say "Origin: null".
    w.apps.serve('/attack', `<iframe sandbox="allow-forms allow-scripts allow-top-navigation" srcdoc='${form(w.foyer.issuer + '/signout', { scope: 'everywhere' }).replace('<form', '<form target=_top')}<script>document.forms[0].submit()</script>'></iframe>`)
    const [response] = await Promise.all([page.waitForResponse(`${w.foyer.issuer}/signout`), page.goto(`${w.apps.origin}/attack`)])
    assert.equal(response.status(), 403, 'Origin: null')
    assert.equal(await alive(page), true)
    await page.goto(`${w.foyer.issuer}/`)
    await page.getByText('ada@example.com').waitFor()
  })

  test('<img>, iframe, fetch and prefetch never end a session', async (t) => {
    const page = await open(t, w.browser, { tolerant: true })
    await arrive(page)
    const out = `${w.foyer.issuer}/endsession?${new URLSearchParams({ client_id: 'web', post_logout_redirect_uri: `${w.apps.origin}/web/`, state: 's' })}`
    const answered = () => page.waitForResponse((response) => response.url().startsWith(`${w.foyer.issuer}/endsession`))
    for (const html of [`<img src="${out}">`, `<iframe src="${out}"></iframe>`, `<link rel=stylesheet href="${out}">`, `<script src="${out}"></script>`,
      `<script type=module>fetch(${JSON.stringify(out)}, { credentials: 'include', mode: 'no-cors' })</script>`]) {
      w.apps.serve('/attack', html.replaceAll('&', '&amp;').replace(/fetch\((.*?),/, (call) => call.replaceAll('&amp;', '&')))
      await Promise.all([answered(), page.goto(`${w.apps.origin}/attack`)])
      assert.equal(await alive(page), true, html)
    }
    // From Foyer's own site, where the Lax cookie does come along.
    w.apps.serve('/attack', `<img src="${out.replaceAll('&', '&amp;')}"><iframe src="${out.replaceAll('&', '&amp;')}"></iframe>`)
    await Promise.all([answered(), page.goto(`http://localhost:${w.apps.port}/attack`)])
    assert.equal(await alive(page), true, 'same site')

    for (const path of ['/endsession', '/authorize']) {
      const response = await page.request.get(path === '/endsession' ? out : authorize(w.foyer, w.apps, 'web'), { headers: { 'sec-purpose': 'prefetch;prerender', accept: 'text/html' }, maxRedirects: 0 })
      assert.deepEqual([response.status(), response.headers()['cache-control']], [503, 'no-store'], path)
    }
    assert.equal(await alive(page), true, 'prefetch')
    await page.goto(out)
    assert.deepEqual(at(page), [`${w.apps.origin}/web/`, { state: 's', logout: 'success' }])
    assert.equal(await alive(page), false)
  })

  test('Chromium prefetches a link to sign out: nothing happens until it is pressed', async (t) => {
    const page = await open(t, w.browser, { tolerant: true })
    await arrive(page)
    const out = `http://localhost:${new URL(w.foyer.issuer).port}/endsession?client_id=web&post_logout_redirect_uri=${encodeURIComponent(`${w.apps.origin}/web/`)}`
    w.apps.serve('/links', `<a href="${out.replaceAll('&', '&amp;')}">out</a><script type=speculationrules>{"prefetch":[{"source":"list","urls":[${JSON.stringify(out)}]}]}</script>`)
    const asked = page.context().waitForEvent('response', { predicate: (r) => r.url().startsWith(`${w.foyer.issuer}/endsession`), timeout: 15_000 })
    await page.goto(`http://localhost:${w.apps.port}/links`)
    const prefetched = await asked
    assert.deepEqual([prefetched.status(), (await prefetched.request().allHeaders())['sec-purpose']], [503, 'prefetch'])
    assert.equal(await alive(page), true)
    await page.locator('a').click()
    await page.waitForURL(`${w.apps.origin}/web/?*`)
    assert.equal(await alive(page), false)
  })

  test('nobody frames a screen, and a window cannot be held', async (t) => {
    const page = await open(t, w.browser, { tolerant: true })
    w.apps.serve('/frame', `<iframe src="${w.foyer.issuer}/login"></iframe>`)
    await page.goto(`${w.apps.origin}/frame`)
    assert.equal(await page.frames()[1].locator('#login-identifier').count(), 0)
    w.apps.serve('/opener', `<button onclick="window.held = window.open('${w.foyer.issuer}/login')">open</button>`)
    await page.goto(`${w.apps.origin}/opener`)
    const [popup] = await Promise.all([page.waitForEvent('popup'), page.locator('button').click()])
    await popup.locator('#login-identifier').waitFor()
    assert.equal(await popup.evaluate(() => window.opener), null)
  })
})
