import './style/base.css'
import './style/ui.css'
import './style/layout.css'
import { QueryClientProvider } from '@tanstack/preact-query'
import { render } from 'preact'
import { App } from './app.tsx'
import { queryClient } from './queries.ts'
import { keepUsersApart } from './session/one-user.ts'
import { followLink } from './session/sign-in-link.ts'

keepUsersApart()
// In a page that is open already, an address that differs in this alone loads nothing.
addEventListener('hashchange', followLink)
await followLink()
render(
  <QueryClientProvider client={queryClient}>
    <App />
  </QueryClientProvider>,
  document.getElementById('app')!,
)
