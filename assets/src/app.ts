// What every page loads: the shell, live readings; map and chart follow only where they are used.
import { startAges } from './ages'
import { startElements } from './elements'
import { startLive } from './live'
import { startPalette } from './palette'
import { startParts } from './parts'
import { startReadings } from './readings'
import { startRows } from './rows'
import { startShell } from './shell'

startShell()
startAges()
startPalette()
startReadings()
startRows()
startParts()
startElements()
startLive()
