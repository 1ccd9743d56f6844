(* Running the selectors on integer instances; a mask is shown as a number whose bit i says whether i is kept. *)
From Coq Require Import ZArith List.
From CWMP Require Export Arithmetic Selectors PagedSelector SafeSelector Checker.
From CWMP Require Counts.
Import ListNotations.
Open Scope Z_scope.

Definition integer_instance (ps cs : list Z) (b : Z) : instance Z :=
  Instance (length ps) (fun i => nth i ps 0) (fun i => nth i cs 1) b.

Definition bits (l : list nat) : Z := fold_right (fun i s => Z.shiftl 1 (Z.of_nat i) + s) 0 l.
Definition index (s : option nat) : Z := match s with Some i => Z.of_nat i | None => -1 end.

Definition answers (data : list Z * list Z * Z) : list Z :=
  let '(ps, cs, b) := data in
  let I := integer_instance ps cs b in
  index (critical_item integers I) :: map bits
    [cwmp integers I; cwmp_fill integers I; cwmp_best_of integers I;
     top_k integers I; top_k_fill integers I; top_k_best_of integers I].

Definition group (l : list Z) (i : nat) : nat := Z.to_nat (nth i l 0).

(* By page: what is kept, and score and cost of the block or item that does not fit, 0 and 0 where all does. *)
Definition answers_by_page (data : list Z * list Z * Z * (list Z * list Z)) : list Z :=
  let '(ps, cs, b, (on, fs)) := data in
  let I := integer_instance ps cs b in let f := fun j => nth j fs 0 in
  let e := critical_entry integers I (length fs) (group on) f in
  let said g := match e with Some k => g k | None => 0 end in
  [bits (by_pages integers I (length fs) (group on) f);
   said (worth integers I (group on) f); said (costing integers I (group on) f)].

(* Safe: the item that does not fit, and what each rounding keeps. *)
Definition answers_safe (data : list Z * list Z * Z * (list Z * Z * Z * Z)) : list Z :=
  let '(ps, cs, b, (on, many, num, den)) := data in
  let I := integer_instance ps cs b in let layers := Z.to_nat many in
  index (safe_critical integers I (group on) layers num den) :: map bits
    [safe_prefix integers I (group on) layers num den; safe_fill integers I (group on) layers num den;
     safe_best_of integers I (group on) layers num den].

(* 1 if the checker accepts the certificate, of kind core or of kind counts, else 0. *)
Definition judged (question : list Z * list Z * Z * certificate) : list Z :=
  let '(ps, cs, b, C) := question in [if accepts (integer_instance ps cs b) C then 1 else 0].
Definition judged_counts (question : list Z * list Z * Z * Counts.certificate) : list Z :=
  let '(ps, cs, b, C) := question in [if Counts.accepts (integer_instance ps cs b) C then 1 else 0].
