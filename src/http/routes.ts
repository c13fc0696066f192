import type { deleteBalance, putBalance } from './account-balances.ts'
import type { createAccount, deleteAccount, getAccount, listAccounts, updateAccount } from './accounts.ts'
import type { getPlatformPayouts, getPlatformUser } from './aggregator.ts'
import type { listRuns } from './all-runs.ts'
import type { updateTransaction } from './annotations.ts'
import type { createApiKey, deleteApiKey, listMyApiKeys } from './api-keys.ts'
import type { getBalance } from './balance.ts'
import type { discardDeadLetter, getDeadLetter, listDeadLetters, retryDeadLetter } from './dead-letters.ts'
import type { exportTransactions } from './export.ts'
import type { getFeed } from './feed.ts'
import type { getHealth, getMetrics, getReadiness } from './health.ts'
import type { createTransaction, deleteTransaction } from './manual-transactions.ts'
import type { getNetWorth } from './net-worth.ts'
import type { getOperations } from './operations.ts'
import type { confirmMySecondFactor, createSecondFactor, removeMySecondFactor } from './second-factor.ts'
import type { syncSource } from './source-actions.ts'
import type { listSourceRuns } from './source-runs.ts'
import type { listSourceTypes } from './source-types.ts'
import type {
  createSource,
  deleteSource,
  getSource,
  listSources,
  putSourceCredentials,
  updateSource,
} from './sources.ts'
import type { uploadStatementFile } from './statement-files.ts'
import type { createTokens, deleteTokens, refreshTokens } from './tokens.ts'
import type { getTransaction, listTransactions } from './transactions.ts'
import type { changeMyPassword, createUser, getMe, updateMe } from './users.ts'
import type { postWebhook } from './webhook-route.ts'

/** Every route by its operationId: what the client is typed by. */
export interface Routes {
  getHealth: typeof getHealth
  getMetrics: typeof getMetrics
  getReadiness: typeof getReadiness
  getPlatformUser: typeof getPlatformUser
  getPlatformPayouts: typeof getPlatformPayouts
  listAccounts: typeof listAccounts
  createAccount: typeof createAccount
  deleteAccount: typeof deleteAccount
  getAccount: typeof getAccount
  updateAccount: typeof updateAccount
  deleteBalance: typeof deleteBalance
  putBalance: typeof putBalance
  listApiKeys: typeof listMyApiKeys
  createApiKey: typeof createApiKey
  deleteApiKey: typeof deleteApiKey
  getBalance: typeof getBalance
  listDeadLetters: typeof listDeadLetters
  getDeadLetter: typeof getDeadLetter
  discardDeadLetter: typeof discardDeadLetter
  retryDeadLetter: typeof retryDeadLetter
  getFeed: typeof getFeed
  getNetWorth: typeof getNetWorth
  getOperations: typeof getOperations
  listRuns: typeof listRuns
  createSecondFactor: typeof createSecondFactor
  confirmSecondFactor: typeof confirmMySecondFactor
  removeSecondFactor: typeof removeMySecondFactor
  listSourceTypes: typeof listSourceTypes
  listSources: typeof listSources
  createSource: typeof createSource
  deleteSource: typeof deleteSource
  getSource: typeof getSource
  updateSource: typeof updateSource
  putSourceCredentials: typeof putSourceCredentials
  uploadStatementFile: typeof uploadStatementFile
  listSourceRuns: typeof listSourceRuns
  syncSource: typeof syncSource
  deleteTokens: typeof deleteTokens
  createTokens: typeof createTokens
  refreshTokens: typeof refreshTokens
  listTransactions: typeof listTransactions
  createTransaction: typeof createTransaction
  exportTransactions: typeof exportTransactions
  deleteTransaction: typeof deleteTransaction
  getTransaction: typeof getTransaction
  updateTransaction: typeof updateTransaction
  createUser: typeof createUser
  getMe: typeof getMe
  updateMe: typeof updateMe
  changeMyPassword: typeof changeMyPassword
  postWebhook: typeof postWebhook
}
