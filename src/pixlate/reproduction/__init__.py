"""The papers' experiments: trained, translated, measured, and put beside what was published."""
