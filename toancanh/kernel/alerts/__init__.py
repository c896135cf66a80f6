"""Machine-made alerts: rules over what is measured, with a clock, states and people who answer."""
