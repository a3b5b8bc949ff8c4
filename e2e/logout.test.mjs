// The sign-out question in a real browser (spec: logout, "Cases").
import { describe, test } from 'node:test'
import assert from 'node:assert/strict'
import { at, authorize, back, open, signIn, verifier } from './lib/browser.mjs'
import { people, secret } from './lib/tenant.mjs'
import { world } from './lib/world.mjs'

for (const database of ['sqlite', 'postgres']) {
  describe(`sign out on ${database}`, () => {
    const w = world(database)
    const state = 'ä ☃ &=+%20 "quoted"'

    const arrive = async (page, client = 'web', person = people.ada) => {
      await page.goto(authorize(w.foyer, w.apps, client))
      await signIn(page, person)
      const { code } = await back(page, w.apps, client)
      const response = await fetch(`${w.foyer.issuer}/token`, {
        method: 'POST',
        headers: client === 'web' ? { authorization: 'Basic ' + btoa(`web:${secret}`) } : {},
        body: new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri: `${w.apps.origin}/${client}/callback`, code_verifier: verifier, ...(client === 'web' ? {} : { client_id: client }) }),
      })
      assert.equal(response.status, 200)
      return response.json()
    }
    const end = (params) => `${w.foyer.issuer}/endsession?${new URLSearchParams(params)}`
    const home = (client) => `${w.apps.origin}/${client}/`
    const alive = async (page) => {
      await page.goto(`${w.foyer.issuer}/`)
      return (await page.locator('#sign-out').count()) === 1
    }

    test('a valid hint: no question, state byte for byte', async (t) => {
      const page = await open(t, w.browser)
      const { id_token } = await arrive(page)
      await page.goto(end({ id_token_hint: id_token, post_logout_redirect_uri: home('web'), state }))
      assert.deepEqual(at(page), [home('web'), { state, logout: 'success' }])
      await page.goto(end({ id_token_hint: id_token, post_logout_redirect_uri: home('web'), state })) // again, without a session
      assert.deepEqual(at(page), [home('web'), { state, logout: 'success' }])
      assert.equal(await alive(page), false)
    })

    test('a return address with a query of its own', async (t) => {
      const page = await open(t, w.browser)
      const { id_token } = await arrive(page)
      await page.goto(end({ id_token_hint: id_token, post_logout_redirect_uri: home('web') + '?lang=fr&a=1', state }))
      assert.deepEqual(at(page), [home('web'), { lang: 'fr', a: '1', state, logout: 'success' }])
    })

    test('cancel, then confirm; reload and the back button in between', async (t) => {
      const page = await open(t, w.browser)
      await arrive(page)
      const question = end({ client_id: 'shop', post_logout_redirect_uri: home('shop'), state }) // not a participant
      await page.goto(question)
      await page.locator('#cancel').click()
      await page.waitForURL(`${home('shop')}?*`)
      assert.deepEqual(at(page), [home('shop'), { state }])
      await page.goBack()
      await page.locator('#logout-confirm').waitFor()
      await page.reload()
      await page.locator('#logout-confirm').click()
      await page.waitForURL(`${home('shop')}?*`)
      assert.deepEqual(at(page), [home('shop'), { state, logout: 'success' }])
      await page.goBack() // to the question: pressing again is the same outcome
      if (await page.locator('#logout-confirm').count()) {
        await page.locator('#logout-confirm').click()
        await page.waitForURL(`${home('shop')}?*`)
      }
      assert.deepEqual(at(page), [home('shop'), { state, logout: 'success' }])
      assert.equal(await alive(page), false)
    })

    test('the question in two tabs', async (t) => {
      const page = await open(t, w.browser)
      await arrive(page)
      const other = await page.context().newPage()
      for (const tab of [page, other]) await tab.goto(end({ client_id: 'partner', post_logout_redirect_uri: home('partner'), state }))
      for (const tab of [page, other]) {
        await tab.locator('#logout-confirm').click()
        await tab.waitForURL(`${home('partner')}?*`)
        assert.deepEqual(at(tab), [home('partner'), { state, logout: 'success' }])
      }
    })

    test('nothing at all, a rejected hint, an address that is not registered, an unknown client', async (t) => {
      const page = await open(t, w.browser)
      await arrive(page)
      await page.goto(end({ client_id: 'nobody', post_logout_redirect_uri: home('web') }))
      assert.equal(await page.locator('#error-code').textContent(), 'unknown_client')
      await page.goto(end({ id_token_hint: 'garbage', client_id: 'web', post_logout_redirect_uri: home('web'), state }))
      await page.locator('#logout-confirm').click()
      await page.locator('#signed-out').waitFor()
      assert.equal(await page.locator(`a[href^="${home('web')}?"]`).count(), 0, 'no way back for a failed hint')

      await arrive(page)
      await page.goto(end({ client_id: 'web', post_logout_redirect_uri: 'https://evil.example/', state }))
      await page.locator('#logout-confirm').click()
      await page.locator('#signed-out').waitFor()
      assert.equal(await page.locator('a[href*=evil]').count(), 0)
      await page.goto(end({}))
      await page.locator('#signed-out').waitFor()
    })

    test('a hint and the client of somebody else', async (t) => {
      const page = await open(t, w.browser)
      const { id_token } = await arrive(page)
      await page.goto(end({ id_token_hint: id_token, client_id: 'shop', post_logout_redirect_uri: home('shop') }))
      assert.equal(await page.locator('#error-code').textContent(), 'client_mismatch')
      assert.equal(await alive(page), true)
    })

    test('everywhere ends the other browser too', async (t) => {
      const [here, there] = [await open(t, w.browser), await open(t, w.browser)]
      await arrive(here, 'web', people.bob)
      const { access_token } = await arrive(there, 'web', people.bob)
      await here.goto(`${w.foyer.issuer}/`)
      await here.locator('#sign-out').click()
      await here.locator('#logout-everywhere').click()
      await here.locator('#signed-out').waitFor()
      assert.equal(await alive(there), false)
      assert.equal((await fetch(`${w.foyer.issuer}/userinfo`, { headers: { authorization: `Bearer ${access_token}` } })).status, 401)
      await there.goto(authorize(w.foyer, w.apps, 'web', { prompt: 'none' }))
      assert.equal((await back(there, w.apps, 'web')).error, 'login_required')
    })
  })
}
