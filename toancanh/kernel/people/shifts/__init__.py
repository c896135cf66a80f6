"""The roster (*lịch trực*): posts of duty in order of escalation, who fills them when, where nobody does."""
