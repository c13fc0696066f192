import { RateLimitedError, ReauthError } from '../errors.ts'
import type { HttpResponse } from '../http-client.ts'
import { parseExactJson } from '../json.ts'
import { retryAfter } from '../retry-after.ts'
import { messageText } from './plain-text.ts'
import { type AccountSet, errorLists, serverError } from './wire.ts'

/** What a server says that went wrong, in an answer that is a success otherwise. */
export interface ServerError {
  /** One account, all accounts of one institution's login, all that was asked for, or how it was asked. */
  concerns: 'account' | 'connection' | 'everything' | 'request'
  account?: string
  connection?: string
  /** The owner has to sign in again. */
  signIn: boolean
  message: string
}

/** `errlist` of version 2, and of `errors` (version 1, sentences alone) what it does not say already. */
export function errorsOf(set: Pick<AccountSet, 'errlist' | 'errors'>): ServerError[] {
  const structured = set.errlist.map(ofErrlist)
  const told = new Set(structured.map(({ message }) => message))
  return [...structured, ...set.errors.map(ofSentence).filter(({ message }) => !told.has(message))]
}

/**
 * A 403 is access that was revoked, unless its text says that the credentials are none (`gen.auth`). A 429 is that of
 * one token, by which requests are counted.
 */
export function refusalOf({ status, text, headers }: HttpResponse, now: Date): Error | undefined {
  if (status === 429)
    return new RateLimitedError('SimpleFIN answered 429', retryAfter(headers.get('retry-after'), now), {
      scope: 'connection',
    })
  if (status !== 403) return undefined
  const { data } = errorLists.safeParse(jsonOrNothing(text))
  const signIn = data && errorsOf(data).find((error) => error.signIn)
  return signIn && new ReauthError(`SimpleFIN does not accept the access URL: ${signIn.message}`)
}

function jsonOrNothing(text: string): unknown {
  try {
    return parseExactJson(text)
  } catch {
    // A page for a person, mostly.
    return undefined
  }
}

/** Codes are `gen.…`, `con.…` and `act.…`; `gen.api…` is about the request and meant for its developer. */
function ofErrlist(item: unknown): ServerError {
  const parsed = serverError.safeParse(item)
  if (!parsed.success) return ofSentence(item)
  const { code, msg, message, conn_id, account_id } = parsed.data
  return {
    concerns: account_id
      ? 'account'
      : conn_id
        ? 'connection'
        : /^gen\.api\b/.test(code)
          ? 'request'
          : 'everything',
    ...(account_id && { account: account_id }),
    ...(conn_id && { connection: conn_id }),
    signIn: /\.auth\b/.test(code),
    message: messageText(msg ?? message) ?? messageText(code) ?? 'an error without a message',
  }
}

function ofSentence(item: unknown): ServerError {
  const message = (typeof item === 'string' ? messageText(item) : undefined) ?? 'an error without a message'
  // Version 1 has nothing but the sentence; its own example is "You must reauthenticate."
  return { concerns: 'everything', signIn: /authenticat|log ?in|sign ?in|credential/i.test(message), message }
}
