import './style/base.css'
import './style/ui.css'
import './style/layout.css'
import { QueryClientProvider } from '@tanstack/preact-query'
import { render } from 'preact'
import { App } from './app.tsx'
import { queryClient } from './queries.ts'
import { followLink } from './session/sign-in-link.ts'

await followLink()
render(
  <QueryClientProvider client={queryClient}>
    <App />
  </QueryClientProvider>,
  document.getElementById('app')!,
)
