// Photos from the camera: made smaller on the phone, so that five of them cost less than one of before.
const LONGEST = 1_600
const QUALITY = 0.82

export interface Place { lon: number; lat: number }

/** The photo as it is sent; as it came where this browser cannot read it (the centre may). */
export async function shrunk(file: Blob): Promise<Blob> {
  try {
    const picture = await createImageBitmap(file, { imageOrientation: 'from-image' })
    const share = Math.min(1, LONGEST / Math.max(picture.width, picture.height))
    const canvas = document.createElement('canvas')
    canvas.width = Math.max(1, Math.round(picture.width * share))
    canvas.height = Math.max(1, Math.round(picture.height * share))
    canvas.getContext('2d')!.drawImage(picture, 0, 0, canvas.width, canvas.height)
    picture.close()
    const made = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, 'image/jpeg', QUALITY))
    // A photo that is small already is sent without what the camera wrote into it, too.
    return made ?? file
  } catch {
    return file
  }
}

/** Where the camera says that the photo was taken: read before the photo is made smaller, which loses it. */
export async function taken(file: Blob): Promise<Place | null> {
  try {
    return placeOf(new DataView(await file.slice(0, 256 * 1024).arrayBuffer()))
  } catch {
    return null // cut off, or written by a camera that follows no rule
  }
}

export function placeOf(data: DataView): Place | null {
  if (data.getUint16(0) !== 0xffd8) return null
  for (let at = 2; at + 4 < data.byteLength; ) {
    const mark = data.getUint16(at)
    if ((mark & 0xff00) !== 0xff00 || mark === 0xffda) return null
    const isExif = mark === 0xffe1 && data.getUint32(at + 4) === 0x45786966
    if (isExif) return gps(new DataView(data.buffer, data.byteOffset + at + 10))
    at += 2 + data.getUint16(at + 2)
  }
  return null
}

function gps(tiff: DataView): Place | null {
  const small = tiff.getUint16(0) === 0x4949
  const entries = function* (at: number): Generator<[number, number]> {
    const count = tiff.getUint16(at, small)
    for (let n = 0; n < count; n++) yield [tiff.getUint16(at + 2 + n * 12, small), at + 2 + n * 12]
  }
  let ifd = 0
  for (const [tag, at] of entries(tiff.getUint32(4, small))) if (tag === 0x8825) ifd = tiff.getUint32(at + 8, small)
  if (!ifd) return null
  const found: Record<number, number> = {}
  for (const [tag, at] of entries(ifd)) found[tag] = at
  const degrees = (sign: number, value: number, negative: string): number => {
    if (found[sign] === undefined || found[value] === undefined) return NaN
    const from = tiff.getUint32(found[value]! + 8, small)
    const part = (n: number): number => tiff.getUint32(from + n * 8, small) / tiff.getUint32(from + n * 8 + 4, small)
    const whole = part(0) + part(1) / 60 + part(2) / 3600
    return String.fromCharCode(tiff.getUint8(found[sign]! + 8)) === negative ? -whole : whole
  }
  const [lat, lon] = [degrees(1, 2, 'S'), degrees(3, 4, 'W')]
  const isPlace = Number.isFinite(lat) && Number.isFinite(lon) && (lat !== 0 || lon !== 0)
  return isPlace ? { lon, lat } : null
}
