import { beginSession, endedBecause, publicApi, session } from './session.ts'

/**
 * `/#log-in=…`, as `tidemark demo` writes it: email and password of a made-up household, in base64url. Followed on this
 * machine alone, where nobody else can have sent it: elsewhere a link might log somebody in as another without their
 * seeing it.
 */
export async function followLink(): Promise<void> {
  const given = /^#log-in=([\w-]+)$/.exec(location.hash)?.[1]
  if (given === undefined) return
  history.replaceState(null, '', location.pathname + location.search)
  if (!['127.0.0.1', '[::1]', 'localhost'].includes(location.hostname)) return
  try {
    const bytes = Uint8Array.from(atob(given.replace(/-/g, '+').replace(/_/g, '/')), (each) =>
      each.charCodeAt(0),
    )
    const { email, password } = JSON.parse(new TextDecoder().decode(bytes))
    beginSession(await publicApi.createTokens({ body: { email, password } }))
  } catch (error) {
    if (session.value === undefined)
      endedBecause.value =
        error instanceof TypeError
          ? 'The server could not be reached. Open the link again in a moment.'
          : 'That link is not good any more: the demo was started anew.'
  }
}
