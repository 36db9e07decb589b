"""Stock codes that were not merchandise when revision 0016 ran; frozen with it."""

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
