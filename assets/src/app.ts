// What every page loads: the shell, live readings; map and chart follow only where they are used.
import { startAges } from './ages'
import { startBell } from './bell'
import { startCopy } from './copy'
import { startElements } from './elements'
import { startInstall } from './install'
import { startLive } from './live'
import { startOfficerPushes } from './officer-pushes'
import { startOnce } from './once'
import { startPalette } from './palette'
import { startParts } from './parts'
import { startQueue } from './queue'
import { startReadings } from './readings'
import { mayWait as waits } from './reports/waits'
import { startRows } from './rows'
import { startSensorForm } from './sensor-form'
import { startShell } from './shell'
import { startThingsField } from './things-field'
import { startTriage } from './triage'
import { startWarningForm } from './warning-form'

startShell()
startAges()
startQueue()
startPalette()
startReadings()
startRows()
startParts()
startBell()
startCopy()
startOnce()
startSensorForm()
startThingsField()
startWarningForm()
startTriage()
startElements()
startInstall()
startOfficerPushes()
if (document.querySelector('[data-cover-form]')) void import('./cover').then(({ startCover }) => startCover())
if (document.querySelector('[data-warned]')) void import('./warned').then(({ startWarned }) => startWarned())
startLive()
if (document.querySelector('[data-report], [data-report-mine]') || waits()) {
  void import('./reports/index').then(({ startReports }) => startReports())
}
