"""Stock codes that are not merchandise where no mapping says which: postage, fees, gift vouchers, manual entries."""

from tasks.ingest.presets import ONLINE_RETAIL

NOT_MERCHANDISE = ONLINE_RETAIL.not_merchandise
