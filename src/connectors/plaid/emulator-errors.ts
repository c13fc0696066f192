/** Errors as Plaid words them (https://plaid.com/docs/errors/): type and message by code. */
const plaidErrors = {
  INVALID_API_KEYS: ['INVALID_INPUT', 'invalid client_id or secret provided'],
  INVALID_ACCESS_TOKEN: ['INVALID_INPUT', 'could not find matching access token'],
  INVALID_PUBLIC_TOKEN: ['INVALID_INPUT', 'could not find matching public token'],
  INVALID_WEBHOOK_VERIFICATION_KEY_ID: ['INVALID_INPUT', 'invalid key_id provided'],
  INVALID_FIELD: ['INVALID_REQUEST', 'cursor not associated with access_token'],
  ITEM_LOGIN_REQUIRED: ['ITEM_ERROR', 'the login details of this item have changed'],
  TRANSACTIONS_LIMIT: ['RATE_LIMIT_EXCEEDED', 'rate limit exceeded for attempts to access this item'],
  TRANSACTIONS_SYNC_MUTATION_DURING_PAGINATION: [
    'TRANSACTIONS_ERROR',
    'Underlying transaction data changed since last page was fetched. Please restart pagination from last update.',
  ],
} satisfies Record<string, [type: string, message: string]>

export type PlaidErrorCode = keyof typeof plaidErrors

export function errorBody(code: PlaidErrorCode): object {
  const [error_type, error_message] = plaidErrors[code]
  return {
    error_type,
    error_code: code,
    error_message,
    display_message: null,
    documentation_url: 'https://plaid.com/docs/errors/',
    suggested_action: null,
  }
}
