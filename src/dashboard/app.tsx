import { Route, Switch, useLocation } from 'wouter-preact'
import { AccountPage } from './accounts/account-page.tsx'
import { AccountsPage } from './accounts/accounts-page.tsx'
import { Shell } from './layout/shell.tsx'
import { LogInAgain } from './log-in/log-in-again.tsx'
import { LogInPage } from './log-in/log-in-page.tsx'
import { SignUpPage } from './log-in/sign-up-page.tsx'
import { NetWorthPage } from './net-worth/net-worth-page.tsx'
import { OperationsPage } from './operations/operations-page.tsx'
import { UseKeyPage } from './operations/use-key-page.tsx'
import { session } from './session/session.ts'
import { SettingsPage } from './settings/settings-page.tsx'
import { ConnectPage } from './sources/connect-page.tsx'
import { SourcePage } from './sources/source-page.tsx'
import { SourcesPage } from './sources/sources-page.tsx'
import { TransactionsPage } from './transactions/transactions-page.tsx'
import { Page } from './ui/page.tsx'

/** Whoever is not logged in logs in where they are, and goes on there. */
export function App() {
  const [path] = useLocation()
  const held = session.value
  if (held?.kind === 'operator')
    return (
      <Shell key="operator">
        <OperationsPage />
      </Shell>
    )
  if (path === '/sign-up' && held?.kind !== 'user') return <SignUpPage />
  if (held === undefined) return <LogInPage />
  return (
    <>
      {held.kind === 'ended' && <LogInAgain />}
      <div key={held.userId} hidden={held.kind === 'ended'}>
        <Shell>
          <Switch>
            <Route path="/" component={NetWorthPage} />
            <Route path="/transactions" component={TransactionsPage} />
            <Route path="/accounts" component={AccountsPage} />
            <Route path="/accounts/:id">{({ id }) => <AccountPage key={id} id={id} />}</Route>
            <Route path="/sources" component={SourcesPage} />
            <Route path="/sources/new" component={ConnectPage} />
            <Route path="/sources/:id">{({ id }) => <SourcePage key={id} id={id} />}</Route>
            <Route path="/settings" component={SettingsPage} />
            <Route path="/operations" component={UseKeyPage} />
            <Route path="/sign-up" component={NetWorthPage} />
            <Route>
              <Page title="Not here">
                <p>There is no such page.</p>
              </Page>
            </Route>
          </Switch>
        </Shell>
      </div>
    </>
  )
}
