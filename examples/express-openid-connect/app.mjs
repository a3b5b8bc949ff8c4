// A web application with express-openid-connect: sign in, userinfo, refresh,
// sign out, and signed out by Foyer.
import express from 'express'
import oidc from 'express-openid-connect'

const port = process.env.PORT ?? 3000
const home = `http://127.0.0.1:${port}`
const gone = new Set() // sessions that Foyer ended; a real application has a store, shared by its processes

const app = express()
app.use(oidc.auth({
  issuerBaseURL: process.env.ISSUER ?? 'http://localhost:8080',
  baseURL: home,
  clientID: 'web',
  clientSecret: process.env.CLIENT_SECRET ?? 'change-me-before-going-public',
  clientAuthMethod: 'client_secret_basic',
  secret: process.env.SECRET ?? 'seals the cookies; long and random, please', // the library's, not Foyer's
  authRequired: false,
  authorizationParams: { response_type: 'code', scope: 'openid profile email' },
  idpLogout: true,
  routes: { logout: false }, // a GET that signs out can be an image on anybody's page
  // By session, so that signing out in one browser leaves the person's others
  // alone; with a store and no functions the library goes by the person too.
  backchannelLogout: {
    onLogoutToken: ({ sid }) => { gone.add(sid) },
    isLoggedOut: (request) => gone.has(request.oidc.idTokenClaims.sid),
    onLogin: false, // a new sign-in has a sid of its own
  },
}))

app.get('/', async (request, response) => {
  const bye = request.query.state === 'from-orders' ? '<p id="bye">You are signed out.</p>' : ''
  if (!request.oidc.isAuthenticated()) return response.send(`<!doctype html><title>Orders</title>${bye}<a href="/login">Sign in</a>`)
  let person
  try {
    person = await request.oidc.fetchUserInfo()
  } catch (error) {
    if (error.status !== 401) throw error
    return response.oidc.login() // expired, or signed out at Foyer a moment ago
  }
  response.send(`<!doctype html><title>Orders</title><p id="who">${JSON.stringify(person).replace(/</g, '&lt;')}</p>
    <form method="post" action="/refresh"><button id="refresh">Refresh</button></form>
    <form method="post" action="/logout"><button id="logout">Sign out</button></form>`)
})

app.post('/refresh', oidc.requiresAuth(), async (request, response) => {
  await request.oidc.accessToken.refresh()
  response.redirect(303, '/')
})

app.post('/logout', (request, response) => response.oidc.logout({ returnTo: home + '/', logoutParams: { state: 'from-orders' } }))

app.listen(port, '127.0.0.1', () => console.log(`open ${home}/`))
