package tensorlink.p2p.der;

/** The kinds of elements that occur here, by their first byte. */
public enum DerTag {
    BOOLEAN(0x01),
    INTEGER(0x02),
    BIT_STRING(0x03),
    OCTET_STRING(0x04),
    NULL(0x05),
    OBJECT_IDENTIFIER(0x06),
    UTF8_STRING(0x0c),
    UTC_TIME(0x17),
    GENERALIZED_TIME(0x18),
    SEQUENCE(0x30),
    SET(0x31),
    CONTEXT_0(0xa0),
    CONTEXT_1(0xa1),
    CONTEXT_3(0xa3);

    private final int number;

    DerTag(int number) {
        this.number = number;
    }

    int number() {
        return number;
    }
}
