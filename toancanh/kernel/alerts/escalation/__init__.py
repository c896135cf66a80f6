"""Escalation by wall clock (*báo cáo cấp trên*): what nobody acknowledges goes to the next post."""
