"""Field reports (phản ánh hiện trường): what a citizen saw, who mends it until when, what came of it."""
