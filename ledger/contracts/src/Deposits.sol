// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Credits, Signature} from "./Credits.sol";
import {Notice, Notices} from "./Notices.sol";

/// Payers' deposits and the vouchers that are paid from them.
///
/// One deposit serves all payees and jobs. A payer may lock part of it for one payee, and takes money
/// out only after a notice, during which vouchers are still paid. All sums in messages count from the
/// beginning, so what is repeated or older changes nothing.
abstract contract Deposits is Credits {
    using Notices for Notice;

    struct Deposit {
        address payer;
        uint128 cumulative;
    }

    struct Withdrawal {
        address payer;
        uint128 cumulative;
    }

    /// A payer's promise to keep an amount for one payee; a later end replaces an earlier one.
    struct Lock {
        address payer;
        address payee;
        uint128 amount;
        uint64 until;
    }

    struct Voucher {
        address payer;
        address payee;
        uint128 cumulative;
        uint64 expiry;
        bytes32 jobsRoot;
    }

    struct SignedVoucher {
        Voucher voucher;
        Signature signature;
    }

    struct Purse {
        /// Locked or free, not yet paid.
        uint128 balance;
        uint128 locked;
        uint128 deposited;
        uint128 withdrawn;
        Notice notice;
    }

    struct Pair {
        uint128 redeemed;
        uint128 locked;
        uint64 lockedUntil;
    }

    error InsufficientDeposit();
    error VoucherExpired();
    error TooManyVouchers();
    error LockExpired();
    error LockShrinks();
    error LockActive();

    event Deposited(address indexed payer, uint128 amount, uint128 cumulative);
    event WithdrawalNoticed(address indexed payer, uint128 leaving, uint64 ends);
    event Withdrawn(address indexed payer, uint128 amount);
    event Locked(address indexed payer, address indexed payee, uint128 amount, uint64 until);
    event Unlocked(address indexed payer, address indexed payee, uint128 amount);
    event Redeemed(address indexed payer, address indexed payee, uint128 amount, uint128 cumulative);

    uint256 public constant VOUCHERS_MAX = 100;

    bytes32 private constant DEPOSIT = keccak256("Deposit(address payer,uint128 cumulative)");
    bytes32 private constant WITHDRAWAL = keccak256("Withdrawal(address payer,uint128 cumulative)");
    bytes32 private constant LOCK = keccak256("Lock(address payer,address payee,uint128 amount,uint64 until)");
    bytes32 private constant VOUCHER = keccak256(
        "Voucher(address payer,address payee,uint128 cumulative,uint64 expiry,bytes32 jobsRoot)"
    );

    /// How long payees have to redeem before money leaves a deposit.
    uint64 public immutable withdrawalNotice;

    mapping(address payer => Purse) public purses;
    mapping(address payer => mapping(address payee => Pair)) public pairs;

    constructor(uint64 withdrawalNotice_) {
        withdrawalNotice = withdrawalNotice_;
    }

    /// Moves a payer's credits into its deposit up to a sum; false when it has deposited as much.
    function deposit(Deposit calldata m, Signature calldata signature) external returns (bool) {
        Purse storage purse = purses[m.payer];
        if (m.cumulative <= purse.deposited) return false;
        uint128 amount = m.cumulative - purse.deposited;
        _setAside(m.payer, amount);
        _requireSigned(m.payer, keccak256(abi.encode(DEPOSIT, m)), signature);
        purse.deposited = m.cumulative;
        purse.balance += amount;
        emit Deposited(m.payer, amount, m.cumulative);
        return true;
    }

    /// Gives notice of a withdrawal, up to a sum since the beginning; false when noticed already.
    function noticeWithdrawal(Withdrawal calldata m, Signature calldata signature) external returns (bool) {
        Notice storage notice = purses[m.payer].notice;
        if (!notice.give(m.cumulative, withdrawalNotice)) return false;
        _requireSigned(m.payer, keccak256(abi.encode(WITHDRAWAL, m)), signature);
        emit WithdrawalNoticed(m.payer, notice.leaving, notice.ends);
        return true;
    }

    /// Returns to a payer's credits what it gave notice of, as far as vouchers and locks have left it.
    function withdraw(address payer) external returns (uint128 amount) {
        Purse storage purse = purses[payer];
        amount = purse.notice.take();
        uint128 free = purse.balance - purse.locked;
        if (amount > free) amount = free;
        if (amount == 0) return 0;
        purse.balance -= amount;
        purse.withdrawn += amount;
        _release(payer, amount);
        emit Withdrawn(payer, amount);
    }

    /// Keeps part of a deposit for one payee; false when a lock with this end or a later one is known.
    function lock(Lock calldata m, Signature calldata signature) external returns (bool) {
        Purse storage purse = purses[m.payer];
        Pair storage pair = pairs[m.payer][m.payee];
        if (m.until <= pair.lockedUntil) return false;
        if (m.until <= block.timestamp) revert LockExpired();
        if (m.amount < pair.locked && block.timestamp <= pair.lockedUntil) revert LockShrinks();
        if (m.amount > purse.balance - (purse.locked - pair.locked)) revert InsufficientDeposit();
        _requireSigned(m.payer, keccak256(abi.encode(LOCK, m)), signature);
        purse.locked = purse.locked - pair.locked + m.amount;
        pair.locked = m.amount;
        pair.lockedUntil = m.until;
        emit Locked(m.payer, m.payee, m.amount, m.until);
        return true;
    }

    /// Frees a lock that is over; false when there is none.
    function unlock(address payer, address payee) external returns (bool) {
        Pair storage pair = pairs[payer][payee];
        uint128 amount = pair.locked;
        if (amount == 0) return false;
        if (block.timestamp <= pair.lockedUntil + EXPIRY_TOLERANCE) revert LockActive();
        pair.locked = 0;
        purses[payer].locked -= amount;
        emit Unlocked(payer, payee, amount);
        return true;
    }

    /// Pays each voucher's sum less what its pair was paid before, all of them or none.
    function redeem(SignedVoucher[] calldata vouchers) external returns (uint256 paid) {
        if (vouchers.length > VOUCHERS_MAX) revert TooManyVouchers();
        for (uint256 i = 0; i < vouchers.length; i++) {
            paid += _redeem(vouchers[i].voucher, vouchers[i].signature);
        }
    }

    function _redeem(Voucher calldata m, Signature calldata signature) private returns (uint128 due) {
        (address payer, address payee, uint128 cumulative) = (m.payer, m.payee, m.cumulative);
        uint128 redeemed = pairs[payer][payee].redeemed;
        if (cumulative <= redeemed) return 0;
        unchecked {
            due = cumulative - redeemed;
        }
        _pay(payer, payee, due, cumulative);
        if (block.timestamp > uint256(m.expiry) + EXPIRY_TOLERANCE) revert VoucherExpired();
        _requireSigned(payer, _hash(m), signature);
        emit Redeemed(payer, payee, due, cumulative);
    }

    /// Moves a part of a deposit to the payee's credits, what is locked for it first.
    function _pay(address payer, address payee, uint128 due, uint128 cumulative) internal {
        Pair storage pair = pairs[payer][payee];
        Purse storage purse = purses[payer];
        (uint128 pairLocked, uint128 balance, uint128 locked) = (pair.locked, purse.balance, purse.locked);
        // Nothing can wrap: it is compared before, and what is locked is part of the balance.
        unchecked {
            uint128 fromLock = due < pairLocked ? due : pairLocked;
            if (due - fromLock > balance - locked) revert InsufficientDeposit();
            (pair.redeemed, pair.locked) = (cumulative, pairLocked - fromLock);
            (purse.balance, purse.locked) = (balance - due, locked - fromLock);
        }
        _release(payee, due);
    }

    /// Locks for a payee up to an amount, as far as the deposit goes; what is locked already stays so.
    function _keep(address payer, address payee, uint128 most, uint64 until) internal returns (uint128) {
        Purse storage purse = purses[payer];
        Pair storage pair = pairs[payer][payee];
        uint128 cover = purse.balance - purse.locked + pair.locked;
        uint128 amount = most < cover ? most : cover;
        if (amount > pair.locked) {
            purse.locked = purse.locked - pair.locked + amount;
            pair.locked = amount;
        }
        if (until > pair.lockedUntil) pair.lockedUntil = until;
        return pair.locked;
    }

    /// keccak256(abi.encode(VOUCHER, m)), whose words are copied as they came.
    function _hash(Voucher calldata m) private pure returns (bytes32 structHash) {
        bytes32 typeHash = VOUCHER;
        assembly ("memory-safe") {
            let words := mload(0x40)
            mstore(words, typeHash)
            calldatacopy(add(words, 0x20), m, 0xa0)
            structHash := keccak256(words, 0xc0)
        }
    }
}
