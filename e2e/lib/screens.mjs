// Every screen, and the way of a person to it. Each takes a world {foyer, apps,
// page, locale} whose page is of a new profile, signed in where `signedIn` says so.
import { authorize, fill } from './browser.mjs'
import { people } from './tenant.mjs'

const request = ({ foyer, apps, locale }, client, params) => authorize(foyer, apps, client, { ui_locales: locale, ...params })

export const screens = {
  'sign in': {
    async go(w) {
      await w.page.goto(request(w, 'web'))
    },
    has: '#login-identifier',
  },
  'sign in, wrong password': {
    async go(w) {
      await w.page.goto(request(w, 'web'))
      await fill(w.page, { email: `nobody-${w.locale}@example.com`, password: 'not the password' })
      await w.page.locator('#login-submit').click()
    },
    has: '#notice',
  },
  'sign in, a field left empty': {
    async go(w) {
      await w.page.goto(request(w, 'web'))
      await w.page.locator('#login-submit').click()
    },
    has: '#notice',
  },
  'sign in again': {
    signedIn: true,
    async go(w) {
      await w.page.goto(request(w, 'web', { prompt: 'login' }))
    },
    has: '#login-password',
  },
  register: {
    async go(w) {
      await w.page.goto(request(w, 'web', { prompt: 'create' }))
    },
    has: '#register-submit',
  },
  'register, everything wrong': {
    async go(w) {
      await w.page.goto(request(w, 'web', { prompt: 'create' }))
      await w.page.locator('#register-submit').click()
    },
    has: '#notice',
  },
  'unknown client': {
    async go(w) {
      await w.page.goto(request(w, 'nobody'))
    },
    has: '#error-code',
  },
  'bad return address': {
    async go(w) {
      await w.page.goto(request(w, 'web', { redirect_uri: 'https://evil.example/' }))
    },
    has: '#error-code',
  },
  'unreadable request': {
    async go(w) {
      await w.page.goto(`${w.foyer.issuer}/login?r=gone&lang=${w.locale}`)
    },
    has: 'main h1',
  },
  'account choice': {
    signedIn: true,
    async go(w) {
      await w.page.goto(request(w, 'web', { prompt: 'select_account' }))
    },
    has: '#choose-continue',
  },
  consent: {
    signedIn: true,
    async go(w) {
      await w.page.goto(request(w, 'partner', { prompt: 'consent', scope: 'openid profile email offline_access' }))
    },
    has: '#consent-allow',
  },
  'continue to a native application': {
    signedIn: true,
    async go(w) {
      await w.page.goto(request(w, 'desktop'))
    },
    has: '#consent-allow',
  },
  'form post': {
    signedIn: true,
    stays: true, // without its script, which posts it at once
    async go(w) {
      await w.page.goto(request(w, 'web', { response_mode: 'form_post' }))
    },
    has: '#continue',
  },
  home: {
    async go(w) {
      await w.page.goto(`${w.foyer.issuer}/?lang=${w.locale}`)
    },
    has: '#sign-in',
  },
  'home, signed in': {
    signedIn: true,
    async go(w) {
      await w.page.goto(`${w.foyer.issuer}/?lang=${w.locale}`)
    },
    has: '#sign-out',
  },
  'your account': {
    signedIn: true,
    async go(w) {
      await w.page.goto(request(w, 'web').replace('/authorize?', '/personal-details?'))
    },
    has: '#profile-back',
  },
  'your devices': {
    signedIn: true,
    async go(w) {
      await w.page.goto(`${w.foyer.issuer}/personal-details/devices?lang=${w.locale}`)
    },
    has: '#this-device',
  },
  'sign out?': {
    signedIn: true,
    async go(w) {
      await w.page.goto(`${w.foyer.issuer}/endsession?${new URLSearchParams({ client_id: 'partner', ui_locales: w.locale, post_logout_redirect_uri: `${w.apps.origin}/partner/` })}`)
    },
    has: '#logout-confirm',
  },
  'still signed in': {
    signedIn: true,
    async go(w) {
      await w.page.goto(`${w.foyer.issuer}/endsession?ui_locales=${w.locale}`)
      await w.page.locator('#cancel').click()
    },
    has: 'main h1',
  },
  'signed out': {
    async go(w) {
      await w.page.goto(`${w.foyer.issuer}/endsession?ui_locales=${w.locale}`)
    },
    has: '#signed-out',
  },
  'signed out, address not accepted': {
    async go(w) {
      await w.page.goto(`${w.foyer.issuer}/endsession?${new URLSearchParams({ client_id: 'web', ui_locales: w.locale, post_logout_redirect_uri: 'https://evil.example/' })}`)
    },
    has: '#signed-out',
  },
}

// signedIn returns the browser state of somebody who has signed in.
export async function signedIn(browser, foyer, person = people.ada) {
  const context = await browser.newContext()
  const page = await context.newPage()
  await page.goto(`${foyer.issuer}/login`)
  await fill(page, person)
  await page.locator('#login-submit').click()
  await page.locator('#sign-out').waitFor()
  const state = await context.storageState()
  await context.close()
  return state
}
