"""Bronze to silver: type the lines, validate them by the contract, quarantine lines with errors, score deliveries."""
