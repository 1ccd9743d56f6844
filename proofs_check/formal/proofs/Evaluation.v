(* Running the selectors on integer instances; a mask is shown as a number whose bit i says whether i is kept. *)
From Coq Require Import ZArith List.
From CWMP Require Export Arithmetic Selectors Checker.
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

(* 1 if the checker accepts the certificate, of kind core or of kind counts, else 0. *)
Definition judged (question : list Z * list Z * Z * certificate) : list Z :=
  let '(ps, cs, b, C) := question in [if accepts (integer_instance ps cs b) C then 1 else 0].
Definition judged_counts (question : list Z * list Z * Z * Counts.certificate) : list Z :=
  let '(ps, cs, b, C) := question in [if Counts.accepts (integer_instance ps cs b) C then 1 else 0].
