// Reports of citizens: the form where there is one, else what this device has sent or still sends.
import { ReportForm } from './form'
import { startMine } from './mine'

export function startReports(): void {
  const form = document.querySelector<HTMLFormElement>('form[data-report]')
  if (form) new ReportForm(form)
  else void startMine().catch(() => undefined)
}
