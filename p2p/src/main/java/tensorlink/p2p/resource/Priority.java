package tensorlink.p2p.resource;

/** How much of a limit a request may use up. */
enum Priority {
    /** What would be nice: it leaves a fifth for those who need it. */
    WISH(80),
    /** What something cannot be without. */
    NEED(100);

    private final int percent;

    Priority(int percent) {
        this.percent = percent;
    }

    long share(long limit) {
        return percent == 100 ? limit : limit / 100 * percent;
    }
}
