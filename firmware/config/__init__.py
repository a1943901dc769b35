"""Every parameter declared once: type, unit, range, default, role, effect, OCPP key, help."""
