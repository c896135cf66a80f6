// Boxes over faces and plates of a photo: drawn, moved and sized by pointer or by keyboard, sent as shares of the photo.
type Box = [x: number, y: number, width: number, height: number, way: string]

const LEAST = 0.01
const STEP = 0.01
const FIRST = 0.12
const MOST = 100
const KEYS: Record<string, [number, number]> = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }

const within = (value: number, least: number, most: number): number => Math.min(most, Math.max(least, value))

class Cover {
  private readonly photo: HTMLElement
  private readonly field: HTMLInputElement
  private readonly way: HTMLSelectElement
  private boxes: Box[] = []

  constructor(private readonly form: HTMLFormElement) {
    this.photo = form.querySelector<HTMLElement>('[data-photo]')!
    this.field = form.querySelector<HTMLInputElement>('[data-boxes]')!
    this.way = form.querySelector<HTMLSelectElement>('[data-way]')!
    try {
      this.boxes = (JSON.parse(this.field.value) as Box[]).slice(0, MOST)
    } catch {
      this.boxes = []
    }
    this.way.value = this.boxes[0]?.[4] ?? 'black'
    this.way.addEventListener('change', () => {
      for (const box of this.boxes) box[4] = this.way.value
      this.draw()
    })
    form.querySelector('[data-add]')!.addEventListener('click', () => this.add([0.5 - FIRST / 2, 0.5 - FIRST / 2, FIRST, FIRST, this.way.value]))
    document.addEventListener('keydown', (event) => this.pressed(event))
    this.photo.addEventListener('pointerdown', (event) => this.begun(event))
    this.draw()
    form.dataset.ready = ''
  }

  private add(box: Box): void {
    if (this.boxes.length >= MOST) return
    this.boxes.push(box)
    this.draw(this.boxes.length - 1)
  }

  private draw(focused = -1): void {
    this.photo.querySelectorAll('button').forEach((one) => one.remove())
    this.boxes.forEach((box, n) => {
      const one = document.createElement('button')
      one.type = 'button'
      one.className = 'tc-cover-box'
      one.dataset.n = String(n)
      one.dataset.way = box[4]
      one.setAttribute('aria-label', this.form.dataset.box!.replace('{n}', String(n + 1)))
      one.append(Object.assign(document.createElement('span'), { className: 'tc-cover-corner' }))
      this.photo.append(one)
      this.place(one, box)
    })
    this.keep()
    if (focused >= 0) this.photo.querySelector<HTMLElement>(`[data-n="${focused}"]`)?.focus()
  }

  private place(one: HTMLElement, [x, y, width, height]: Box): void {
    Object.assign(one.style, { left: `${x * 100}%`, top: `${y * 100}%`, width: `${width * 100}%`, height: `${height * 100}%` })
  }

  private keep(): void {
    this.field.value = JSON.stringify(this.boxes)
    const told = this.form.querySelector<HTMLElement>('[data-count]')!
    told.textContent = this.boxes.length ? told.dataset.some!.replace('{n}', String(this.boxes.length)) : told.dataset.none!
  }

  private pressed(event: KeyboardEvent): void {
    if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return
    const target = event.target as HTMLElement
    if (event.key.toLowerCase() === 'n' && !/^(INPUT|SELECT|TEXTAREA)$/.test(target.tagName)) {
      event.preventDefault()
      this.form.querySelector<HTMLElement>('[data-add]')!.click()
      return
    }
    const n = Number(target.dataset?.n ?? -1)
    const box = target.classList.contains('tc-cover-box') ? this.boxes[n] : undefined
    if (!box) return
    if (event.key === 'Delete' || event.key === 'Backspace') {
      event.preventDefault()
      this.boxes.splice(n, 1)
      this.draw(Math.min(n, this.boxes.length - 1))
      return
    }
    const way = KEYS[event.key]
    if (!way) return
    event.preventDefault()
    if (event.shiftKey) this.size(box, box[2] + way[0] * STEP, box[3] + way[1] * STEP)
    else this.move(box, box[0] + way[0] * STEP, box[1] + way[1] * STEP)
    this.place(target, box)
    this.keep()
  }

  private move(box: Box, x: number, y: number): void {
    box[0] = within(x, 0, 1 - box[2])
    box[1] = within(y, 0, 1 - box[3])
  }

  private size(box: Box, width: number, height: number): void {
    box[2] = within(width, LEAST, 1 - box[0])
    box[3] = within(height, LEAST, 1 - box[1])
  }

  private begun(event: PointerEvent): void {
    if (event.button !== 0) return
    const frame = this.photo.getBoundingClientRect()
    const at = (one: PointerEvent): [number, number] => [
      within((one.clientX - frame.left) / frame.width, 0, 1),
      within((one.clientY - frame.top) / frame.height, 0, 1),
    ]
    const [fromX, fromY] = at(event)
    const target = event.target as HTMLElement
    const held = target.closest<HTMLElement>('.tc-cover-box')
    event.preventDefault()
    let box = held ? this.boxes[Number(held.dataset.n)] : undefined
    const isNew = !box
    if (!box) {
      if (this.boxes.length >= MOST) return
      box = [fromX, fromY, 0, 0, this.way.value]
      this.boxes.push(box)
      this.draw()
    }
    const drawn = box
    const one = held ?? this.photo.querySelector<HTMLElement>(`[data-n="${this.boxes.length - 1}"]`)!
    const [x, y, width, height] = drawn
    const isCorner = target.classList.contains('tc-cover-corner')
    const dragged = (next: PointerEvent): void => {
      const [nowX, nowY] = at(next)
      if (isNew) drawn.splice(0, 4, Math.min(fromX, nowX), Math.min(fromY, nowY), Math.abs(nowX - fromX), Math.abs(nowY - fromY))
      else if (isCorner) this.size(drawn, width + nowX - fromX, height + nowY - fromY)
      else this.move(drawn, x + nowX - fromX, y + nowY - fromY)
      this.place(one, drawn)
    }
    const ended = (): void => {
      removeEventListener('pointermove', dragged)
      removeEventListener('pointerup', ended)
      removeEventListener('pointercancel', ended)
      // A touch that drew nothing was none.
      if (isNew && (drawn[2] < LEAST || drawn[3] < LEAST)) this.boxes.splice(this.boxes.indexOf(drawn), 1)
      this.draw(this.boxes.indexOf(drawn))
    }
    addEventListener('pointermove', dragged)
    addEventListener('pointerup', ended)
    addEventListener('pointercancel', ended)
  }
}

export function startCover(): void {
  for (const form of document.querySelectorAll<HTMLFormElement>('[data-cover-form]')) {
    if (form.querySelector('[data-add]')) new Cover(form)
  }
}
