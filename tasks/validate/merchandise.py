"""Stock codes that are not merchandise: postage, fees, gift vouchers, manual entries.

A list, not a pattern: odd codes such as DCGS0003 or PADS are merchandise.
"""

NOT_MERCHANDISE = frozenset(
    {
        "ADJUST",
        "ADJUST2",
        "AMAZONFEE",
        "B",
        "BANK CHARGES",
        "C2",
        "C3",
        "CRUK",
        "D",
        "DOT",
        "GIFT",
        "GIFT_0001_10",
        "GIFT_0001_20",
        "GIFT_0001_30",
        "GIFT_0001_40",
        "GIFT_0001_50",
        "GIFT_0001_60",
        "GIFT_0001_70",
        "GIFT_0001_80",
        "GIFT_0001_90",
        "M",
        "POST",
        "S",
        "TEST001",
        "TEST002",
    }
)
