import { api } from '../api.ts'
import { forgetSession, publicApi, session } from './session.ts'

/** On this device at once; on the server where it can be reached. */
export async function logOut(): Promise<void> {
  const held = session.value
  forgetSession()
  if (held?.kind !== 'user') return
  await publicApi.deleteTokens({ body: { refreshToken: held.refreshToken } }).catch(() => {})
}

/** Throws where the server could not be told: then nobody is logged out. */
export async function logOutEverywhere(): Promise<void> {
  await api.deleteTokens({ body: { everywhere: true } })
  forgetSession('You are logged out everywhere.')
}
