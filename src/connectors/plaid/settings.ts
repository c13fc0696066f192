import { z } from 'zod'

/** Of the platform's own account with Plaid: Developers > Keys in its dashboard. */
export const settings = z.strictObject({
  clientId: z.string().min(1),
  secret: z.string().min(1),
  /** https://sandbox.plaid.com for the sandbox, which has a secret of its own. */
  baseUrl: z.url().default('https://production.plaid.com'),
})
export type PlaidSettings = z.infer<typeof settings>

/** A public token is what Plaid Link hands out; it is exchanged once for the access token that is kept. */
export const credentials = z.union([
  z.strictObject({ accessToken: z.string().min(1) }),
  z.strictObject({ publicToken: z.string().min(1) }),
])
export type PlaidCredentials = z.infer<typeof credentials>
