// What scripts say to people, keyed by the English sentence; the page's language chooses.
const VI: Record<string, string> = {
  'just now': 'vừa xong',
  'Below {limit}': 'Dưới {limit}',
  'No signal since {time}': 'Mất tín hiệu từ {time}',
  'No reading yet': 'Chưa có số liệu',
  'No signal': 'Mất tín hiệu',
  'sample station': 'trạm mẫu',
  'unverified': 'chưa kiểm chứng',
  'level not verified': 'mức chưa kiểm chứng',
  'position not verified': 'vị trí chưa kiểm chứng',
  'Connection lost. Figures are no longer live; trying again.': 'Mất kết nối. Số liệu không còn cập nhật; đang kết nối lại.',
  'You are offline. The figures shown are the last ones received.': 'Thiết bị đang ngoại tuyến. Số liệu đang hiện là số liệu nhận được gần nhất.',
  'Nothing found for “{query}”.': 'Không tìm thấy “{query}”.',
  'Search could not be reached. Try again.': 'Không tìm kiếm được. Hãy thử lại.',
  '{count} results': '{count} kết quả',
  'Type a station, commune or place; diacritics are not needed.': 'Gõ tên trạm, xã, phường hoặc địa điểm; không cần dấu.',
  'Map': 'Bản đồ',
  'Layers': 'Lớp dữ liệu',
  'Legend': 'Chú giải',
  'Stations': 'Danh sách trạm',
  'Close': 'Đóng',
  'Zoom in': 'Phóng to',
  'Zoom out': 'Thu nhỏ',
  'Show all of Việt Nam': 'Xem toàn bộ Việt Nam',
  'Việt Nam': 'Việt Nam',
  'Back to {place}': 'Về {place}',
  'the locality': 'địa phương',
  'Alarm levels': 'Mức báo động',
  'Last reading': 'Lần đo gần nhất',
  'Rain, 1 hour': 'Mưa 1 giờ',
  'Rain, 24 hours': 'Mưa 24 giờ',
  'No alarm levels set': 'Chưa có mức báo động',
  'No signal (older than twice its period)': 'Mất tín hiệu (quá 2 chu kỳ gửi số liệu)',
  'Open the station’s page': 'Mở trang của trạm',
  'No stations here.': 'Chưa có trạm nào ở đây.',
  'Stations in this commune': 'Trạm trên địa bàn',
  'The map cannot be drawn on this device. The stations are listed here.': 'Thiết bị này không vẽ được bản đồ. Danh sách trạm ở dưới đây.',
  'Map data could not be loaded.': 'Không tải được dữ liệu bản đồ.',
  'Try again': 'Thử lại',
  'Find a station': 'Tìm trạm',
  'Copied': 'Đã sao chép',
  'Select it and copy': 'Hãy chọn và sao chép',
  'Looking for the place …': 'Đang tìm vị trí …',
  'Exact to about {n} m.': 'Sai số khoảng {n} m.',
  'The phone does not tell its place. Tap the map or type the numbers.': 'Điện thoại không cho biết vị trí. Hãy chạm vào bản đồ hoặc gõ tọa độ.',
  'Boundaries: vietnamese-provinces-database (MIT); surrounding land: Natural Earth': 'Địa giới: vietnamese-provinces-database (MIT); đất liền xung quanh: Natural Earth',
  '{n} corners. Tap the map; three make an area.': '{n} đỉnh. Chạm vào bản đồ để đặt đỉnh; từ ba đỉnh thành một vùng.',
  'An area of {n} corners is drawn.': 'Đã vẽ một vùng {n} đỉnh.',
  'out of range': 'ngoài khoảng hợp lý',
  'corrected': 'đã đính chính',
  'No readings in this period.': 'Không có số liệu trong khoảng thời gian này.',
  'The station sent nothing between {from} and {to}.': 'Trạm không gửi số liệu nào từ {from} đến {to}.',
  'The readings could not be loaded.': 'Không tải được số liệu.',
  'Nothing is lost: they are kept at the centre.': 'Số liệu vẫn được lưu ở trung tâm, không bị mất.',
  'Loading readings': 'Đang tải số liệu',
  'Range from {min} to {max}': 'Dao động từ {min} đến {max}',
  'Chart, {title}. Arrow keys move the cursor.': 'Biểu đồ {title}. Dùng phím mũi tên để di chuyển con trỏ.',
}

export const language: 'vi' | 'en' =
  typeof document !== 'undefined' && document.documentElement.lang.startsWith('en') ? 'en' : 'vi'

export function say(sentence: string, values: Record<string, string | number> = {}): string {
  const text = language === 'vi' ? (VI[sentence] ?? sentence) : sentence
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole))
}

export const knownSentences = Object.keys(VI)
