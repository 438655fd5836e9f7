package tensorlink.ledger;

/** One validator's signature of what takes several; whether it is its own is checked elsewhere. */
public record Endorsement(Account validator, Signature65 signature) {
    public Endorsement {
        validator.checkNamed("validator");
    }
}
