// What mail makes possible, in a browser and with the mails that Foyer sends:
// registration with a proof, a new password, "this wasn't me".
import { after, before, describe, test } from 'node:test'
import assert from 'node:assert/strict'
import { startApps } from './lib/apps.mjs'
import { violations } from './lib/axe.mjs'
import { authorize, back, launch, open, signIn } from './lib/browser.mjs'
import { startFoyer } from './lib/foyer.mjs'
import { people, tenantFor } from './lib/tenant.mjs'

describe('mail', () => {
  let foyer, apps, browser
  before(async () => {
    apps = await startApps()
    foyer = await startFoyer(tenantFor(apps.origin), 'sqlite', true)
    browser = await launch()
  })
  after(async () => {
    await browser?.close()
    await foyer?.stop()
    await apps?.stop()
  })

  // mail is the newest to an address whose subject matches, as the demo's page shows it.
  async function mail(t, to, subject) {
    const page = await open(t, browser)
    for (let tries = 0; tries < 100; tries++) {
      await page.goto(`${foyer.demo}/mail`)
      const cards = page.locator('section.card', { hasText: to }).filter({ has: page.locator('h2', { hasText: subject }) })
      if (await cards.count()) {
        const card = cards.first()
        const found = {
          code: (await card.locator('.mail-code').count()) ? await card.locator('.mail-code').textContent() : '',
          link: (await card.locator('.mail a').count()) ? await card.locator('.mail a').first().getAttribute('href') : '',
          html: new URL(await card.locator('p.soft a').getAttribute('href'), foyer.demo).href,
        }
        await page.context().close()
        return found
      }
      await page.waitForTimeout(100)
    }
    assert.fail(`no mail “${subject}” to ${to}: ${await page.locator('main').textContent()}`)
  }

  async function register(page, email) {
    await page.goto(authorize(foyer, apps, 'web', { prompt: 'create', state: email }))
    for (const [name, value] of Object.entries({ given_name: 'Grace', family_name: 'Hopper', email, password: 'a compiler for everybody' })) {
      await page.locator(`[name=${name}]`).fill(value)
    }
    await page.locator('#register-submit').click()
    await page.locator('#check-mail').waitFor()
  }

  for (const javaScriptEnabled of [true, false]) {
    test(`registration with the code, ${javaScriptEnabled ? 'with' : 'without'} JavaScript`, async (t) => {
      const page = await open(t, browser, { javaScriptEnabled })
      const email = `grace.${javaScriptEnabled}@example.com`
      await register(page, email)
      const { code } = await mail(t, email, 'Confirm')
      await page.locator('#code').fill('12')
      await page.locator('#code-submit').click()
      await page.locator('#notice').waitFor()
      if (javaScriptEnabled) {
        assert.deepEqual(await violations(page), [])
        assert.match(await page.locator('#code-resend').textContent(), /\(\d:\d\d\)$/)
      }
      await page.locator('#code').fill(`${code.slice(0, 3)} ${code.slice(3)}`)
      await page.locator('#code-submit').click()
      const got = await back(page, apps, 'web')
      assert.deepEqual([got.state, got.error], [email, undefined])
      assert.ok(got.code)
    })
  }

  test('registration with the link, opened in another tab of the same browser', async (t) => {
    const page = await open(t, browser)
    await register(page, 'lin@example.com')
    const { link } = await mail(t, 'lin@example.com', 'Confirm')
    const tab = await page.context().newPage()
    await tab.goto(link)
    assert.ok(!tab.url().includes('fo_'), 'the token is in no address')
    assert.deepEqual(await violations(tab), [])
    await tab.locator('#link-submit').click()
    assert.equal((await back(tab, apps, 'web')).state, 'lin@example.com')
    await page.locator('#code').fill('123456') // the first tab is no dead end
    await page.locator('#code-submit').click()
    assert.equal((await back(page, apps, 'web')).state, 'lin@example.com')
  })

  test('registration with the link, opened on another device', async (t) => {
    await register(await open(t, browser), 'tim@example.com')
    const { link } = await mail(t, 'tim@example.com', 'Confirm')
    const phone = await open(t, browser, { viewport: { width: 390, height: 844 } })
    await phone.goto(link)
    await phone.locator('#link-password').fill('a compiler for everybody')
    await phone.locator('#link-submit').click()
    await phone.waitForURL(`${foyer.issuer}/`)
    await phone.locator('#sign-out').waitFor()
  })

  test('a forgotten password', async (t) => {
    const page = await open(t, browser)
    await page.goto(authorize(foyer, apps, 'web', { state: 'forgot' }))
    await page.locator('a[href*="/forgot-password"]').click()
    await page.locator('#forgot-identifier').fill(people.ada.email)
    await page.locator('#forgot-submit').click()
    const { code } = await mail(t, people.ada.email, 'Choose')
    await page.locator('#code').fill(code)
    await page.locator('#code-submit').click()
    await page.locator('#new-password').fill('short')
    await page.locator('#new-password-submit').click()
    await page.locator('#notice').waitFor()
    assert.deepEqual(await violations(page), [])
    const ada = { ...people.ada, password: 'the analytical engine weaves' }
    await page.locator('#new-password').fill(ada.password)
    await page.locator('#new-password-submit').click()
    assert.equal((await back(page, apps, 'web')).state, 'forgot')
    await mail(t, people.ada.email, 'was changed')

    // A sign-in elsewhere is told of, and undone.
    const thief = await open(t, browser)
    await thief.goto(authorize(foyer, apps, 'web', { state: 'thief' }))
    await signIn(thief, ada)
    await back(thief, apps, 'web')
    const { link, html } = await mail(t, people.ada.email, 'New sign-in')
    const phone = await open(t, browser)
    await phone.setContent(await (await phone.request.get(html)).text()) // where it is shown no script runs, an auditor's neither
    assert.deepEqual(await violations(phone), [])
    await phone.goto(link)
    assert.deepEqual(await violations(phone), [])
    assert.ok(!(await phone.locator('body').textContent()).includes('ada@'))
    await phone.locator('#not-me').click()
    await phone.locator('#not-me-done').waitFor()
    assert.deepEqual(await violations(phone), [])
    await thief.goto(authorize(foyer, apps, 'web', { state: 'again' }))
    await signIn(thief, ada)
    await thief.locator('#notice').waitFor() // signed out, and the password is no good
    await phone.locator('#choose-password').click()
    await phone.locator('#forgot-identifier').waitFor()
  })
})
