// A person's ways through the screens: without JavaScript, with the keyboard
// only, in another language.
import { describe, test } from 'node:test'
import assert from 'node:assert/strict'
import { at, authorize, back, open, signIn } from './lib/browser.mjs'
import { people } from './lib/tenant.mjs'
import { world } from './lib/world.mjs'

describe('people', () => {
  const w = world()

  test('without JavaScript: register, consent, sign out, sign in', async (t) => {
    const page = await open(t, w.browser, { javaScriptEnabled: false })
    await page.goto(authorize(w.foyer, w.apps, 'partner', { state: 'r' }))
    await page.locator('a[href*="/register"]').click()
    const register = async (fields) => {
      for (const [name, value] of Object.entries(fields)) await page.locator(`[name=${name}]`).fill(value)
      await page.locator('#register-submit').click()
    }
    await register({ given_name: 'Grace', email: 'not an address', password: 'short' })
    await page.locator('#notice').waitFor()
    assert.equal(await page.locator('[name=given_name]').inputValue(), 'Grace')
    assert.equal(await page.locator('[aria-invalid=true]').count(), 3)
    for (const link of await page.locator('#notice a').all()) {
      assert.equal(await page.locator(await link.getAttribute('href')).count(), 1, 'the summary leads to the field')
    }
    const grace = { email: 'grace@example.com', password: 'a compiler for everybody' }
    await register({ family_name: 'Hopper', ...grace })
    await page.locator('#consent-allow').click()
    assert.equal((await back(page, w.apps, 'partner')).state, 'r')

    await page.goto(authorize(w.foyer, w.apps, 'partner', { state: 'again' })) // remembered
    assert.equal((await back(page, w.apps, 'partner')).state, 'again')

    await page.goto(`${w.foyer.issuer}/`)
    await page.locator('#sign-out').click()
    await page.locator('#logout-confirm').click()
    await page.locator('#signed-out').waitFor()

    await page.goto(authorize(w.foyer, w.apps, 'web', { state: 'in', response_mode: 'form_post' }))
    await signIn(page, grace)
    await page.locator('#continue').click()
    await page.waitForURL(`${w.apps.origin}/web/callback`)
    assert.deepEqual([w.apps.arrivals.at(-1).method, w.apps.arrivals.at(-1).params.state], ['POST', 'in'])
  })

  test('an address that is taken', async (t) => {
    const page = await open(t, w.browser)
    await page.goto(authorize(w.foyer, w.apps, 'web', { prompt: 'create', login_hint: people.ada.email }))
    assert.equal(await page.locator('[name=email]').inputValue(), people.ada.email)
    await page.locator('[name=given_name]').fill('Eve')
    await page.locator('[name=family_name]').fill('Else')
    await page.locator('[name=password]').fill('wants to be somebody else')
    await page.locator('#register-submit').click()
    await page.locator('[aria-invalid=true]').waitFor()
    await page.locator('a[href*="/login"]').first().click()
    await signIn(page, people.ada)
    assert.equal((await back(page, w.apps, 'web')).error, undefined)
  })

  test('form_post with JavaScript posts itself', async (t) => {
    const page = await open(t, w.browser)
    await page.goto(authorize(w.foyer, w.apps, 'web', { state: 'fp', response_mode: 'form_post' }))
    await signIn(page, people.ada)
    assert.equal((await back(page, w.apps, 'web')).state, 'fp')
    assert.equal(w.apps.arrivals.at(-1).method, 'POST')
  })

  test('with the keyboard only, and focus is always visible', async (t) => {
    const page = await open(t, w.browser)
    const { keyboard } = page
    const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.tagName)
    await page.goto(authorize(w.foyer, w.apps, 'web', { state: 'keys' }))
    assert.equal(await focused(), 'login-identifier')
    await keyboard.type(people.ada.email)
    await keyboard.press('Tab')
    assert.equal(await focused(), 'login-password')
    await keyboard.type('wrong')
    await keyboard.press('Enter')
    await page.locator('#notice').waitFor()
    assert.equal(await focused(), 'notice')
    await keyboard.press('Tab')
    assert.equal(await focused(), 'login-identifier')
    assert.equal(await page.locator('#login-identifier').inputValue(), people.ada.email)
    await keyboard.press('Tab')
    await keyboard.type(people.ada.password)
    const order = []
    for (let i = 0; i < 4; i++) {
      await keyboard.press('Tab')
      order.push(await page.evaluate(() => {
        const e = document.activeElement
        const s = getComputedStyle(e)
        return [e.id || e.className || e.textContent, s.outlineStyle !== 'none' || s.boxShadow !== 'none']
      }))
    }
    assert.deepEqual(order.map(([name]) => name), ['reveal', 'login-submit', 'cancel', 'Create an account'])
    assert.ok(order.every(([, visible]) => visible), JSON.stringify(order))
    await keyboard.press('Shift+Tab')
    await keyboard.press('Shift+Tab')
    assert.equal(await focused(), 'login-submit')
    await keyboard.press('Enter')
    assert.equal((await back(page, w.apps, 'web')).state, 'keys')
  })

  test('password managers find what they need; the password can be shown and is hidden again', async (t) => {
    const page = await open(t, w.browser)
    await page.goto(authorize(w.foyer, w.apps, 'web'))
    assert.match(await page.locator('#login-identifier').getAttribute('autocomplete'), /^username/)
    assert.equal(await page.locator('#login-password').getAttribute('autocomplete'), 'current-password')
    await page.locator('#login-password').fill('secret')
    await page.locator('.reveal').click()
    assert.equal(await page.locator('#login-password').getAttribute('type'), 'text')
    await page.locator('.reveal').click()
    assert.equal(await page.locator('#login-password').getAttribute('type'), 'password')
  })

  test('account choice, another account, and prompt=login', async (t) => {
    const page = await open(t, w.browser)
    await page.goto(authorize(w.foyer, w.apps, 'web'))
    await signIn(page, people.ada)
    await back(page, w.apps, 'web')
    await page.goto(authorize(w.foyer, w.apps, 'web', { prompt: 'select_account', state: 'same' }))
    await page.locator('#choose-continue').click()
    assert.equal((await back(page, w.apps, 'web')).state, 'same')
    await page.goto(authorize(w.foyer, w.apps, 'shop', { prompt: 'login', state: 'again' }))
    await page.locator('#login-password').fill(people.ada.password)
    await page.locator('#login-submit').click()
    assert.equal((await back(page, w.apps, 'shop')).state, 'again')
    await page.goto(authorize(w.foyer, w.apps, 'web', { prompt: 'select_account', state: 'other' }))
    await page.locator('#choose-other').click()
    await signIn(page, people.bob)
    assert.equal((await back(page, w.apps, 'web')).state, 'other')
    await page.goto(authorize(w.foyer, w.apps, 'web', { prompt: 'none', state: 'none' }))
    assert.ok((await back(page, w.apps, 'web')).code)
  })

  test('consent denied, and a native application asks every time', async (t) => {
    const page = await open(t, w.browser)
    await page.goto(authorize(w.foyer, w.apps, 'partner', { state: 'no' }))
    await signIn(page, people.nour)
    await page.locator('#consent-deny').click()
    assert.deepEqual((({ error, state }) => [error, state])(await back(page, w.apps, 'partner')), ['access_denied', 'no'])
    for (const state of ['once', 'twice']) {
      await page.goto(authorize(w.foyer, w.apps, 'desktop', { state }))
      await page.locator('#consent-allow').click()
      assert.equal((await back(page, w.apps, 'desktop')).state, state)
    }
    await page.goto(authorize(w.foyer, w.apps, 'desktop', { prompt: 'none', state: 'silent' }))
    assert.equal((await back(page, w.apps, 'desktop')).error, 'interaction_required')
  })

  test('languages: parameter, cookie, menu, browser', async (t) => {
    const lang = (page) => page.locator('html').getAttribute('lang')
    const page = await open(t, w.browser, { locale: 'fr-CH' })
    await page.goto(authorize(w.foyer, w.apps, 'web'))
    assert.equal(await lang(page), 'fr', 'what the browser asks for')
    await page.goto(authorize(w.foyer, w.apps, 'web', { ui_locales: 'tlh en-GB fr' }))
    assert.equal(await lang(page), 'en', 'the first that is offered')
    await page.goto(authorize(w.foyer, w.apps, 'shop', { state: 'l' }))
    assert.equal(await lang(page), 'en', 'remembered')
    await page.locator('.languages summary').click()
    await page.locator('.languages [lang=ar]').click()
    assert.deepEqual(await page.locator('html').evaluate((html) => [html.lang, html.dir]), ['ar', 'rtl'])
    await signIn(page, { ...people.ada, password: 'wrong' })
    await page.locator('#notice').waitFor()
    assert.equal(await lang(page), 'ar', 'after a post')
    await signIn(page, people.ada)
    assert.equal((await back(page, w.apps, 'shop')).state, 'l', 'the menu keeps the request')
    await page.goto(`${w.foyer.issuer}/endsession`)
    assert.equal(await lang(page), 'ar', 'and everywhere else')
    await page.locator('.languages summary').click()
    await page.locator('.languages [lang=en]').click()
    assert.equal(await lang(page), 'en')
    await page.locator('#logout-confirm').click()
    assert.equal(await lang(page), 'en')
    await page.locator('#signed-out').waitFor()
    assert.equal(at(page)[0], `${w.foyer.issuer}/signout`)
  })

  test('the menu wins over ui_locales of the same request, without JavaScript too', async (t) => {
    const page = await open(t, w.browser, { javaScriptEnabled: false })
    await page.goto(authorize(w.foyer, w.apps, 'web', { ui_locales: 'fr', state: 'm' }))
    await page.locator('.languages summary').click()
    await page.locator('.languages [lang=en]').click()
    await signIn(page, { ...people.bob, password: 'wrong' })
    assert.equal(await page.locator('html').getAttribute('lang'), 'en')
    await page.locator('a[href*="/register"]').click()
    assert.equal(await page.locator('html').getAttribute('lang'), 'en')
  })
})
