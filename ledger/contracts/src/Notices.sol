// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// An owner's notice to take out what it has set aside, so that others can act before it is gone.
struct Notice {
    /// All that was ever given notice of: what makes a message count once.
    uint128 noticed;
    /// What leaves when the notice ends.
    uint128 leaving;
    uint64 ends;
}

library Notices {
    error NoticeRunning();

    /// Begins a notice for a sum since the beginning, or lengthens the one that runs; false when known.
    function give(Notice storage notice, uint128 cumulative, uint64 period) internal returns (bool) {
        if (cumulative <= notice.noticed) return false;
        notice.leaving += cumulative - notice.noticed;
        notice.noticed = cumulative;
        notice.ends = uint64(block.timestamp) + period;
        return true;
    }

    /// Ends a notice that has run: what may leave, zero when there is none.
    function take(Notice storage notice) internal returns (uint128 leaving) {
        leaving = notice.leaving;
        if (leaving != 0 && block.timestamp < notice.ends) revert NoticeRunning();
        notice.leaving = 0;
    }
}
