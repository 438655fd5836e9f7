// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// What forge lets a test do to its chain.
interface Vm {
    function sign(uint256 key, bytes32 digest) external pure returns (uint8 v, bytes32 r, bytes32 s);
    function addr(uint256 key) external pure returns (address);
    function warp(uint256 time) external;
    function prank(address sender) external;
    function expectRevert(bytes4 selector) external;
    function assume(bool condition) external pure;
}

Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
