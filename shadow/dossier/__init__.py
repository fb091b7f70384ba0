"""Dossiers: the evidence about one provider as files that anyone can check, and records for other programs."""
