// Every screen in three languages, two sizes, light and dark: axe has nothing to
// say, nothing scrolls sideways at 320 px, and nothing comes from elsewhere.
import { after, before, describe, test } from 'node:test'
import assert from 'node:assert/strict'
import { startApps } from './lib/apps.mjs'
import { violations } from './lib/axe.mjs'
import { authorize, launch, open } from './lib/browser.mjs'
import { startFoyer } from './lib/foyer.mjs'
import { screens, signedIn } from './lib/screens.mjs'
import { people, tenantFor } from './lib/tenant.mjs'

const phone = { width: 390, height: 844 }
const desktop = { width: 1280, height: 800 }
const narrow = { width: 320, height: 640 }

describe('screens', () => {
  let foyer, apps, browser, state
  before(async () => {
    apps = await startApps()
    foyer = await startFoyer(tenantFor(apps.origin))
    browser = await launch()
    state = await signedIn(browser, foyer)
  })
  after(async () => {
    await browser?.close()
    await foyer?.stop()
    await apps?.stop()
  })

  for (const [name, screen] of Object.entries(screens)) {
    test(name, async (t) => {
      const page = await open(t, browser, { storageState: screen.signedIn ? state : undefined })
      if (screen.stays) await page.route('**/assets/*.js', (route) => route.abort())
      const hosts = new Set()
      page.on('request', (request) => hosts.add(new URL(request.url()).origin))
      for (const locale of ['en', 'fr', 'ar']) {
        await screen.go({ foyer, apps, page, locale })
        await page.locator(screen.has).first().waitFor()
        assert.deepEqual([...hosts], [foyer.issuer], 'only Foyer is asked')
        assert.deepEqual(await page.locator('html').evaluate((html) => [html.lang, html.dir]), [locale, locale === 'ar' ? 'rtl' : 'ltr'])
        assert.equal(await page.locator('h1').count(), 1)
        for (const [size, viewport] of Object.entries({ phone, desktop, narrow })) {
          await page.setViewportSize(viewport)
          assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0, `${locale}, ${size}: scrolls sideways`)
          for (const colorScheme of size === 'narrow' ? [] : ['light', 'dark']) {
            await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
            assert.deepEqual(await violations(page), [], `${locale}, ${size}, ${colorScheme}`)
          }
        }
      }
    })
  }

  test('the language menu, open', async (t) => {
    for (const locale of ['en', 'ar']) {
      const page = await open(t, browser, { viewport: phone })
      await page.goto(authorize(foyer, apps, 'web', { ui_locales: locale }))
      await page.locator('.languages summary').click()
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
        assert.deepEqual(await violations(page), [], `${locale}, ${colorScheme}`)
      }
    }
  })

  test('a name stands beside its face, whichever way it and the page are written', async (t) => {
    for (const [person, locale] of [[people.ada, 'ar'], [people.nour, 'en'], [people.nour, 'ar']]) {
      const page = await open(t, browser, { viewport: phone, storageState: await signedIn(browser, foyer, person) })
      await screens['account choice'].go({ foyer, apps, page, locale })
      const gaps = await page.locator('.whose bdi').evaluateAll((names) => names.map((name) => {
        const text = document.createRange()
        text.selectNodeContents(name)
        const [a, b] = [text.getBoundingClientRect(), document.querySelector('.face').getBoundingClientRect()]
        return Math.max(a.left - b.right, b.left - a.right)
      }))
      assert.equal(gaps.length, 2)
      for (const gap of gaps) assert.ok(gap > 0 && gap < 20, `${person.email} in ${locale}: ${gaps}`)
    }
  })

  test('what a finger presses is 44 px high, and no heading sits on what follows it', async (t) => {
    for (const name of ['sign in', 'sign in, wrong password', 'sign in again', 'register, everything wrong', 'unknown client', 'account choice', 'consent', 'home, signed in', 'your account', 'your devices', 'sign out?', 'a page of our own']) {
      const screen = screens[name] ?? { has: '#login-submit', go: ({ page }) => page.goto(`${foyer.issuer}/login`) }
      const page = await open(t, browser, { viewport: phone, hasTouch: true, isMobile: true, storageState: screen.signedIn ? state : undefined })
      for (const locale of ['en', 'ar']) {
        await screen.go({ foyer, apps, page, locale })
        await page.locator(screen.has).first().waitFor()
        const low = await page.locator('a[href], button, input:not([type=hidden]), summary').evaluateAll((targets) => targets
          .filter((target) => target.checkVisibility())
          .map((target) => [target.id || target.textContent, Math.max(...[...(target.closest('.tick') ?? target).getClientRects()].map((box) => box.height))])
          .filter(([, height]) => height < 44))
        assert.deepEqual(low, [], `${name}, ${locale}`)
        const gap = await page.locator('h1').evaluate((h1) => {
          const after = h1.nextElementSibling
          return after.matches('.lead') ? 99 : after.getBoundingClientRect().top - h1.getBoundingClientRect().bottom
        })
        assert.ok(gap >= 20, `${name}, ${locale}: ${gap} px below the heading`)
      }
    }
  })

  test('the first load is under 60 KB', async (t) => {
    for (const path of [authorize(foyer, apps, 'web'), authorize(foyer, apps, 'web', { prompt: 'create' })]) {
      const page = await open(t, browser)
      const devtools = await page.context().newCDPSession(page)
      await devtools.send('Network.enable')
      let bytes = 0
      devtools.on('Network.loadingFinished', (event) => { bytes += event.encodedDataLength })
      await page.goto(path, { waitUntil: 'networkidle' })
      t.diagnostic(`${page.url().split('?')[0]}: ${bytes} bytes with headers`)
      assert.ok(bytes > 2000 && bytes < 60_000, `${bytes} bytes`)
    }
  })

  test('larger text and 400 % zoom lose nothing', async (t) => {
    const page = await open(t, browser, { viewport: { width: 320, height: 256 } }) // 1280 x 1024 at 400 %
    await page.goto(authorize(foyer, apps, 'web'))
    await page.locator('html').evaluate((html) => { html.style.fontSize = '200%' })
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth), 0)
    await page.locator('#login-submit').scrollIntoViewIfNeeded()
    assert.ok(await page.locator('#login-submit').isVisible())
  })
})
