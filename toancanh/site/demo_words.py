"""What people of the demo city report, and how its organisations answer: made up, in such words."""

from __future__ import annotations

from dataclasses import dataclass

ORGANISATIONS = (
    ("sxd-hue", "Sở Xây dựng"),
    ("snnmt-hue", "Sở Nông nghiệp và Môi trường"),
    ("ca-hue", "Công an thành phố"),
    ("syt-hue", "Sở Y tế"),
    ("mtdt-hue", "Công ty Môi trường và Công trình đô thị"),
    ("dien-hue", "Công ty Điện lực"),
    ("nuoc-hue", "Công ty Cấp nước"),
)
"""Codes and names: who handles reports beside the communes' committees."""


@dataclass(frozen=True)
class Problem:
    """A report, who mends such things, and what is answered."""

    category: str
    words: str
    address: str
    organisation: str
    """Code; empty: the People's Committee of the commune."""
    answer: str
    refusal: str = "Thông tin chưa đủ để xác định địa điểm; mời gửi lại kèm ảnh và vị trí cụ thể."


REPORTS = (
    Problem(
        "water.drain",
        "Nắp cống bị vỡ, thép lòi ra giữa đường, xe máy đi đêm rất dễ vấp ngã.",
        "Gần ngã ba chợ",
        "mtdt-hue",
        "Đã thay nắp cống bằng tấm gang mới và dọn sạch hố ga; đã kiểm tra các nắp lân cận.",
    ),
    Problem(
        "roads.surface",
        "Mặt đường có nhiều ổ gà sâu sau mưa lớn, nước đọng che mất hố.",
        "Đoạn trước trường tiểu học",
        "sxd-hue",
        "Đã vá tạm bằng bê tông nhựa nguội; đoạn này có trong kế hoạch sửa chữa của quý sau.",
    ),
    Problem(
        "light.street",
        "Ba bóng đèn đường liên tiếp không sáng hơn một tuần nay, đường rất tối.",
        "Kiệt bên hông nhà sinh hoạt cộng đồng",
        "mtdt-hue",
        "Đã thay ba bóng đèn và sửa lại hộp nối bị vào nước; đèn đã sáng trở lại.",
    ),
    Problem(
        "clean.waste",
        "Rác sinh hoạt chất thành đống bên bờ kênh, mấy ngày chưa ai thu gom, bốc mùi hôi.",
        "Bờ kênh sau chợ",
        "",
        "Đã thu gom, phun khử mùi và đặt biển cấm đổ rác; tổ dân phố sẽ nhắc nhở các hộ.",
        "Nội dung này đã có người phản ánh và đang được xử lý.",
    ),
    Problem(
        "water.flooding",
        "Cứ mưa chừng nửa tiếng là ngập quá bánh xe, nước tràn vào nhà dân.",
        "Đầu đường, chỗ trũng",
        "sxd-hue",
        "Đã nạo vét cửa thu nước và khơi thông cống hộp; sẽ theo dõi qua các trận mưa tới.",
    ),
    Problem(
        "clean.noise",
        "Quán hát mở loa rất lớn đến sau mười một giờ đêm, cả xóm không ngủ được.",
        "Dãy quán ven sông",
        "ca-hue",
        "Đã kiểm tra, lập biên bản nhắc nhở và yêu cầu cam kết không mở loa sau 22 giờ.",
    ),
    Problem(
        "roads.sidewalk",
        "Vỉa hè bị chiếm để bày hàng, người đi bộ phải xuống lòng đường.",
        "Trước dãy cửa hàng gần bệnh viện",
        "",
        "Đã ra quân nhắc nhở, các hộ đã dọn hàng vào trong; sẽ kiểm tra lại hằng tuần.",
        "Vị trí phản ánh thuộc đất riêng của hộ dân, không thuộc vỉa hè công cộng.",
    ),
    Problem(
        "clean.trees",
        "Cây phượng già nghiêng sát đường dây điện, sợ đổ khi có bão.",
        "Cạnh cổng trường trung học",
        "mtdt-hue",
        "Đã cắt tỉa cành, hạ độ cao và chống lại thân cây; đã báo Điện lực kiểm tra đường dây.",
    ),
    Problem(
        "light.outage",
        "Cáp viễn thông đứt rũ xuống ngang đường, xe tải đi qua vướng vào.",
        "Ngã tư đầu xóm",
        "dien-hue",
        "Đã thu dọn đoạn cáp đứt và bó gọn phần còn lại cùng đơn vị viễn thông.",
    ),
    Problem(
        "water.supply",
        "Nước máy đục và yếu từ hai hôm nay, không dùng nấu ăn được.",
        "Khu dân cư mới",
        "nuoc-hue",
        "Đã súc xả tuyến ống và thay van giảm áp; mẫu nước kiểm tra đạt quy chuẩn.",
    ),
    Problem(
        "order.animals",
        "Chó thả rông không rọ mõm đuổi theo học sinh đi học về.",
        "Đường vào nhà văn hóa thôn",
        "",
        "Đã làm việc với hộ nuôi, yêu cầu nhốt chó và tiêm phòng; đã phát loa nhắc cả thôn.",
    ),
    Problem(
        "life.food",
        "Quán bán thức ăn ngay cạnh cống hở, không che đậy, nhiều ruồi.",
        "Trước cổng chợ",
        "syt-hue",
        "Đã kiểm tra, nhắc nhở và hướng dẫn che đậy thức ăn; sẽ kiểm tra lại trong tháng.",
    ),
    Problem(
        "clean.air",
        "Có người đốt rơm rạ và rác nhựa buổi chiều, khói dày che kín đường tránh.",
        "Cánh đồng cạnh đường tránh",
        "snnmt-hue",
        "Đã phối hợp với xã nhắc các hộ, dập các đống cháy và tuyên truyền thu gom rơm.",
    ),
    Problem(
        "roads.signals",
        "Đèn tín hiệu giao thông nhấp nháy vàng cả ngày, giờ cao điểm ùn tắc.",
        "Ngã tư lớn gần cầu",
        "sxd-hue",
        "Đã thay bộ điều khiển và đặt lại chu kỳ đèn; hoạt động bình thường.",
    ),
)
