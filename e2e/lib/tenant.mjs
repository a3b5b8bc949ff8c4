// The tenant that the tests run against: clients at the applications' origin and
// three people.
export const people = {
  ada: { email: 'ada@example.com', password: 'correct horse battery staple', given_name: 'Ada', family_name: 'Lovelace' },
  bob: { email: 'bob@example.com', password: 'another battery of staples', given_name: 'Bob', family_name: 'Kahn' },
  nour: { email: 'nour@example.com', password: 'staples are rarely batteries', given_name: 'نور', family_name: 'الدين' },
}

export const secret = 'a-secret-that-only-the-tests-know'

// tenantFor returns the tenant document for applications at origin.
export function tenantFor(origin) {
  const client = (client_id, members) => ({
    client_id,
    client_name: `Northwind ${client_id}`,
    redirect_uris: [`${origin}/${client_id}/callback`],
    post_logout_redirect_uris: [`${origin}/${client_id}/`, `${origin}/${client_id}/?lang=fr&a=1`],
    client_uri: `${origin}/${client_id}/`,
    grant_types: ['authorization_code', 'refresh_token'],
    scope: 'openid profile email offline_access',
    ...members,
  })
  const open = { token_endpoint_auth_method: 'none' }
  return {
    tenant: 'default',
    display_name: 'Northwind',
    settings: { self_registration: true, registration_fields: ['given_name', 'family_name'] },
    clients: [
      client('web', { client_secret: secret, policy_uri: `${origin}/privacy`, tos_uri: `${origin}/terms` }),
      client('shop', open),
      client('spa', open),
      client('page', open),
      client('hop', open),
      client('partner', { ...open, first_party: false }),
      client('desktop', { ...open, application_type: 'native', redirect_uris: ['http://127.0.0.1/desktop/callback'] }),
    ],
    accounts: Object.values(people).map((person) => ({ ...person, email_verified: true })),
  }
}
