// A person's own pages: where they are signed in, and signing out elsewhere.
import { describe, test } from 'node:test'
import assert from 'node:assert/strict'
import { authorize, back, open, signIn } from './lib/browser.mjs'
import { people } from './lib/tenant.mjs'
import { world } from './lib/world.mjs'

const iphone = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1'

describe('devices', () => {
  const w = world()

  // enter opens a browser that is signed in through an application.
  async function enter(t, person, client, options) {
    const page = await open(t, w.browser, options)
    await page.goto(authorize(w.foyer, w.apps, client))
    await signIn(page, person)
    await back(page, w.apps, client)
    return page
  }

  for (const javaScriptEnabled of [true, false]) {
    test(`one browser signs another one out, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async (t) => {
      const person = javaScriptEnabled ? people.ada : people.bob
      const phone = await enter(t, person, 'shop', { userAgent: iphone, javaScriptEnabled })
      const laptop = await enter(t, person, 'web', { javaScriptEnabled })

      await laptop.goto(`${w.foyer.issuer}/`)
      await laptop.locator('#profile').click()
      await laptop.locator('#profile-devices').click()
      assert.equal(await laptop.locator('.devices li').count(), 2)
      const here = laptop.locator('.devices li').first()
      assert.equal(await here.getAttribute('id'), 'this-device')
      assert.match(await here.innerText(), /Chrome on Linux[^]*The computer this service runs on[^]*in use now[^]*Used with Northwind web/)
      assert.match(await laptop.locator('.devices li').nth(1).innerText(), /Safari on iPhone[^]*Used with Northwind shop/)

      await laptop.getByRole('button', { name: 'Sign out Safari on iPhone' }).click()
      await laptop.locator('#devices-done').waitFor()
      assert.equal(await laptop.getByRole('status').innerText(), 'Safari on iPhone is signed out.')
      assert.equal(await laptop.locator('.devices li').count(), 1)

      await phone.goto(`${w.foyer.issuer}/personal-details/devices`)
      await phone.locator('#login-identifier').waitFor()
      await signIn(phone, person) // and comes back
      assert.match(await phone.locator('#this-device').innerText(), /Safari on iPhone/)

      await phone.locator('#devices-end-everywhere').click()
      await phone.locator('#signed-out').waitFor()
      await laptop.reload()
      await laptop.locator('#login-identifier').waitFor()
    })
  }

  test('an application sends somebody to their pages, and gets them back', async (t) => {
    const page = await open(t, w.browser)
    const visit = authorize(w.foyer, w.apps, 'web', { state: 'to and fro' }).replace('/authorize?', '/personal-details?')
    await page.goto(visit)
    await signIn(page, people.nour)
    await page.locator('#profile-devices').click()
    await page.locator('#profile').click()
    await page.locator('#profile-back').click()
    const got = await back(page, w.apps, 'web')
    assert.equal(got.state, 'to and fro')
    assert.equal(got.iss, w.foyer.issuer)
    assert.ok(got.code)
    await page.goBack() // the menu again, which still works
    await page.locator('#profile-sign_out').click()
    await page.locator('#signed-out').waitFor()
    await page.goto(visit)
    await page.locator('#login-identifier').waitFor()
  })

  test('with the keyboard only: one button for each device, in the order of the page', async (t) => {
    await enter(t, people.nour, 'shop', { userAgent: iphone })
    const page = await enter(t, people.nour, 'web')
    await page.goto(`${w.foyer.issuer}/personal-details/devices`)
    const stops = []
    for (let i = 0; i < 4; i++) {
      await page.keyboard.press('Tab')
      stops.push(await page.evaluate(() => document.activeElement.id || document.activeElement.getAttribute('aria-label')))
    }
    assert.deepEqual(stops, ['profile', 'Sign out Safari on iPhone', 'devices-end-others', 'devices-end-everywhere'])
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Enter')
    await page.locator('#devices-done').waitFor()
    assert.equal(await page.locator('.devices button').count(), 0)
  })
})
