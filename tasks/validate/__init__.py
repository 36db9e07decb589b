"""Bronze to silver: type every line, judge it by the contract, set bad lines aside, score the rest."""
