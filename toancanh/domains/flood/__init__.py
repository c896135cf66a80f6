"""Ngập lụt · Flood: water and rain gauges, báo động levels (QĐ 05/2020/QĐ-TTg)."""
