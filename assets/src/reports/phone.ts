// A code by text message: where the locality asks for one, and before messages go to a number.
import { language, say } from '../words'

export class PhoneCode {
  private readonly said: HTMLElement | null

  constructor(private readonly form: HTMLFormElement, private readonly changed: () => void) {
    this.said = form.querySelector('[data-report-code-said]')
    form.querySelector('[data-report-code]')?.removeAttribute('hidden')
    form.querySelector('[data-report-ask-code]')?.addEventListener('click', () => void this.post(''))
    form.querySelector('[data-report-show-code]')?.addEventListener('click', () => void this.post(form.querySelector<HTMLInputElement>('#r-code')!.value))
  }

  private async post(code: string): Promise<void> {
    const phone = this.form.querySelector<HTMLInputElement>('[name=phone]')!.value
    const headers = { Accept: 'application/json', 'Accept-Language': language }
    try {
      const answer = await fetch('/reports/phone/', { method: 'POST', body: new URLSearchParams({ phone, code }), headers })
      const told = (await answer.json()) as { proof?: string; sent?: boolean; detail?: string }
      if (!answer.ok) throw new Error(told.detail)
      if (told.proof) {
        this.form.querySelector<HTMLInputElement>('[name=proof]')!.value = told.proof
        this.changed()
      }
      this.tell(told.proof ? say('The number is confirmed.') : say('The code was sent. Type it here.'))
    } catch (fault) {
      this.tell((fault instanceof Error && fault.message) || say('That did not work. Try again.'))
    }
  }

  private tell(text: string): void {
    if (this.said) this.said.textContent = text
  }
}
